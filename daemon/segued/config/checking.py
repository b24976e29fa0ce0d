"""Check the values of a configuration, and name what is wrong with them."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import inspect

from segued.config.allowed import allowed_values
from segued.config.annotations import quoted
from segued.config.nearest_name import suggestion
from segued.config.plain_names import PLAIN_NAMES, stored_form
from segued.config.toml_source import ConfigSource, Variable

__all__ = ["CheckedConfig", "Origin", "SectionTypes", "check", "problem_of"]

SectionTypes: TypeAlias = Mapping[str, type[msgspec.Struct]]

SETTINGS: Final = "settings"
"""The section whose keys also have plain names."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from: a place in the file, or an environment variable."""

    section: str
    key: str
    variable: Variable | None = None

    def text(self, source: ConfigSource) -> str:
        """Return the origin as text: "segued.toml, line 3", "SEGUED_PAGE__PORT"."""
        if self.variable is not None:
            return self.variable.name
        return source.place(self.section, self.key)


@dataclass(frozen=True, slots=True)
class CheckedConfig:
    """The valid values of a configuration, and what is wrong with the others.

    Attributes:
        values: The values by section and key.
        origins: Where each of these values comes from.
        problems: A message for each other value.
    """

    values: dict[str, dict[str, object]] = field(default_factory=dict)
    origins: dict[tuple[str, str], Origin] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def check(source: ConfigSource, sections: SectionTypes) -> CheckedConfig:
    """Check all values of a source; environment variables override the file.

    Args:
        source: The values.
        sections: The type of each section. That of `[settings]` has stored names.
    """
    checked = CheckedConfig()
    for section, table in source.in_file.items():
        if section not in sections:
            what = _unknown_section(section, table, sections)
            checked.problems.append(f"{source.place(section)}: {what}")
        elif not isinstance(table, dict):
            what = f"{section} is a section: write [{section}], and its keys below"
            checked.problems.append(f"{source.place(section)}: {what}")
        else:
            for key, value in table.items():
                _add(checked, source, sections, Origin(section, key), value)
    for (section, key), variable in source.variables.items():
        if section not in sections:
            what = f"there is no section [{section}]{suggestion(section, sections)}"
            checked.problems.append(f"{variable.name}: {what}")
            continue
        names = {each.lower(): each for each in _names(section, sections)}
        origin = Origin(section, names.get(key, key), variable)
        value = _parse_variable(sections[section], origin.key, variable.text)
        _add(checked, source, sections, origin, value)
    return checked


def _add(
    checked: CheckedConfig,
    source: ConfigSource,
    sections: SectionTypes,
    origin: Origin,
    value: object,
) -> None:
    """Add a value, or what is wrong with it."""
    section, name = origin.section, origin.key
    kind = sections[section]
    key, stored = stored_form(name, value)
    earlier = checked.origins.get((section, key))
    if key not in kind.__struct_fields__:
        what = _unknown_key(section, key, sections)
    elif earlier and earlier.variable is origin.variable is None:
        what = f"{name} is {earlier.key}, which is set as well; keep one of the two"
    else:
        what = problem_of(kind, name, value)
    if what:
        place = origin.text(source)
        where = "" if origin.variable else f"[{section}] "
        checked.problems.append(f"{place}: {where}{what}")
    else:
        checked.values.setdefault(section, {})[key] = stored
        checked.origins[section, key] = origin


def problem_of(kind: type[msgspec.Struct], name: str, value: object) -> str:
    """Return what is wrong with the value of a key; empty if nothing is.

    Args:
        kind: The section.
        name: The key, one of its fields, or the plain name of one.
        value: The value, in the unit of that name.
    """
    key, stored = stored_form(name, value)
    try:
        msgspec.convert({key: stored}, kind)
    except msgspec.ValidationError:
        info = _field(kind, key)
        plain = PLAIN_NAMES.get(name)
        allowed = allowed_values(info, plain.factor if plain else 1)
        near = suggestion(_unknown_word(info, value), _words(info))
        return f"{name} = {quoted(kind, key, value)}: this must be {allowed}{near}"
    return ""


def _field(kind: type[msgspec.Struct], key: str) -> Any:  # noqa: ANN401
    info = inspect.type_info(kind)
    fields = info.fields if isinstance(info, inspect.StructType) else ()
    return next(each.type for each in fields if each.name == key)


def _words(info: Any) -> tuple[str, ...]:  # noqa: ANN401
    """Return the words of which a value must be one, or a list; empty if any may."""
    if isinstance(info, inspect.VarTupleType):
        return _words(info.item_type)
    values = info.values if isinstance(info, inspect.LiteralType) else ()
    return tuple(map(str, values))


def _unknown_word(info: Any, value: object) -> object:  # noqa: ANN401
    each = value if isinstance(value, list) else [value]
    return next((word for word in each if word not in _words(info)), "")


def _names(section: str, sections: SectionTypes) -> Iterator[str]:
    """Yield the names that keys of a section may have."""
    yield from sections[section].__struct_fields__
    if section == SETTINGS:
        yield from PLAIN_NAMES


def _unknown_key(section: str, key: str, sections: SectionTypes) -> str:
    what = f"there is no key {key}"
    if near := suggestion(key, _names(section, sections)):
        return what + near
    return what + _belongs_to(key, sections)


def _unknown_section(name: str, value: object, sections: SectionTypes) -> str:
    if isinstance(value, dict):
        return f"there is no section [{name}]{suggestion(name, sections)}"
    return f"{name} is in no section{_belongs_to(name, sections)}"


def _belongs_to(key: str, sections: SectionTypes) -> str:
    """Return "; NAME belongs to [SECTION]" if a section has this key, or a near one."""
    owners = {
        name: section for section in sections for name in _names(section, sections)
    }
    if key in owners:
        return f"; {key} belongs to [{owners[key]}]"
    return suggestion(key, owners)


def _parse_variable(kind: type[msgspec.Struct], key: str, text: str) -> object:
    """Return the value of an environment variable, which is text for a text key.

    For others it is written as in the file. Of a list, a single item may stand alone.
    """
    stored_key, _ = stored_form(key, text)
    if stored_key not in kind.__struct_fields__:
        return text
    info = _field(kind, stored_key)
    if _is_text(info):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return [text] if isinstance(info, inspect.VarTupleType) else text


def _is_text(info: Any) -> bool:  # noqa: ANN401
    match info:
        case inspect.Metadata():
            return _is_text(info.type)
        case inspect.UnionType():
            return any(map(_is_text, info.types))
        case _:
            return isinstance(info, inspect.StrType | inspect.LiteralType)
