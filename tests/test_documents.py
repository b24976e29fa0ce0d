"""The documents: their links lead somewhere, and they name scripts that exist."""

import re
from pathlib import Path
from typing import Final

import pytest

REPOSITORY: Final = Path(__file__).parents[1]
DOCUMENTS: Final = sorted((*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md")))
LINK: Final = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")


def anchors_of(document: Path) -> set[str]:
    """Return the names of the headings, as they are in links."""
    titles = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    plain = (re.sub(r"[^\w\s-]", "", title.lower()) for title in titles)
    return {re.sub(r"\s", "-", title) for title in plain}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files_and_headings(document: Path) -> None:
    """As far as they stay in the repository."""
    broken = []
    for name, anchor in LINK.findall(document.read_text()):
        if "://" in name:
            continue
        target = (document.parent / name) if name else document
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(f"{name}#{anchor}")

    assert broken == []


def test_all_documents_are_linked() -> None:
    """From the README, or from a page that it links."""
    text = (REPOSITORY / "README.md").read_text()

    assert [
        path.name for path in REPOSITORY.glob("docs/*.md") if path.name not in text
    ] == []


def test_scripts_that_documents_name_exist() -> None:
    """`contrib/install` and the like."""
    named = {
        name
        for document in DOCUMENTS
        for name in re.findall(r"\bcontrib/[\w./-]*\w", document.read_text())
    }

    assert {"contrib/run", "contrib/test"} < named
    assert [name for name in named if not (REPOSITORY / name).exists()] == []
