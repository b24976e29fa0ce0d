"""Writes docs/configure.md from config/segued.toml, where each setting is described."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from msgspec import inspect

from segued.config.allowed import allowed_values
from segued.config.config import SECTIONS
from segued.config.plain_names import PLAIN_NAMES

ROOT: Final = Path(__file__).parents[1]
SOURCE: Final = ROOT / "config" / "segued.toml"
PAGE: Final = ROOT / "docs" / "configure.md"

SETTING: Final = re.compile(r"# (\w+) = (.*)")
DEFAULT_LENGTH_MAX: Final = 60
"""Longer ones are only in the file."""

INTRODUCTION: Final = """\
# Configure

<!-- Written by contrib/docs from config/segued.toml; do not edit. -->

Everything has a default; most people set their music folders and the key of AcoustID.

| How you run segued | Where it reads its configuration |
|---|---|
| the service of the machine | `/etc/segued/segued.toml` |
| a user's own service | `~/.config/segued/segued.toml` |
| a container | `/config/segued.toml` |
| a command | the file after `--config`; without that, all defaults |

[config/segued.toml](../config/segued.toml) lists all settings, each with its default.
Change a line, then:

    segued config check              # every error, with its line and what is allowed
    sudo systemctl reload segued     # reads the file again; fails if it has an error
    segued config show               # each value, and where it comes from

An environment variable takes precedence over the file: `SEGUED_PAGE__PORT=8080` is
`port` under `[page]`. Lists are in JSON, `SEGUED_LIBRARY__FOLDERS='["/a", "/b"]'`; text
and the only item of a list need no quotation marks. For secrets,
`SEGUED_PAGE__TOKEN_FILE=/run/secrets/token` names a file that holds the value.
"""


def configuration_page() -> str:
    """Return the page."""
    text = SOURCE.read_text()
    sections = re.split(r"^\[(\w+)\]\n", text, flags=re.MULTILINE)[1:]
    parts = [INTRODUCTION]
    for name, body in zip(sections[::2], sections[1::2], strict=True):
        parts.append(f"## [{name}]\n")
        parts += [_group(name, lines) for lines in _groups(body)]
    return "\n".join(parts)


def _groups(body: str) -> Iterator[list[str]]:
    """Yield the lines of each description with the settings below it."""
    group: list[str] = []
    for line in body.splitlines():
        starts_anew = group and SETTING.fullmatch(group[-1])
        if group and (not line or (starts_anew and not SETTING.fullmatch(line))):
            yield group
            group = []
        if line:
            group.append(line)
    if group:
        yield group


def _group(section: str, lines: list[str]) -> str:
    described = [each[2:] for each in lines if not SETTING.fullmatch(each)]
    text = "\n".join(described) + "\n"
    rows = [found.groups() for each in lines if (found := SETTING.fullmatch(each))]
    if not rows:
        return text
    fields: Any = inspect.type_info(SECTIONS[section])
    types = {field.name: field.type for field in fields.fields}
    table = ["| | default | allowed |", "|---|---|---|"]
    for key, literal in rows:
        default = f"`{literal}`"
        if len(literal) > DEFAULT_LENGTH_MAX:
            count = len(tomllib.loads(f"x = {literal}")["x"])
            default = f"a list of {count}, see the file"
        names = [
            key,
            *(name for name, plain in PLAIN_NAMES.items() if plain.key == key),
        ]
        shown = " or ".join(f"`{name}`" for name in names)
        table.append(f"| {shown} | {default} | {allowed_values(types[key])} |")
    return "\n".join([text, *table, ""])


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(configuration_page())


if __name__ == "__main__":
    main()
