"""The page about the configuration is what `contrib/docs` writes."""

from configuration_page import PAGE, configuration_page

from segued.config.config import SECTIONS


def test_the_page_is_current() -> None:
    """Run `contrib/docs` after a change of config/segued.toml."""
    assert PAGE.read_text() == configuration_page()


def test_the_page_has_every_setting() -> None:
    """With a default and what is allowed."""
    page = configuration_page()

    for section, kind in SECTIONS.items():
        text = page.partition(f"## [{section}]\n")[2].partition("\n## ")[0]
        rows = [line.split(" | ") for line in text.splitlines() if line[:3] == "| `"]
        assert [row[0].split("`")[1] for row in rows] == list(kind.__struct_fields__)
        assert all(len(row) == 3 and row[2] != " |" for row in rows)
