"""Patterns and secrets of the configuration, the API and the services' answers."""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect

import segued
from segued.config.annotations import mask_secrets, quoted, whole
from segued.config.config import Config, Settings, check_setting, read_config
from segued.config.sections import PageSection
from segued.errors import ConfigError

KEY = "aSecretKey-42"

SPECIMENS = (
    "nas.local:5724",
    "mqtt://nas",
    "2f61",
    "22:00-06:30",
    "http://localhost:5723",
    "mail@example.org",
    "a-token-of-some-length",
    "info",
    "0a0b0c0d-0000-4000-8000-000000000001",
    "/srv/music",
)
"""Valid values; each pattern matches at least one of them."""

PATHS = {whole("/[^\\x00]*")}
"""The only patterns that match a final line break: a file name may have one."""


def all_structs() -> list[type[msgspec.Struct]]:
    """Return every msgspec type that the package defines."""
    for module in pkgutil.walk_packages(segued.__path__, "segued."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: list[type[msgspec.Struct]] = []
    pending: list[type[msgspec.Struct]] = [msgspec.Struct]
    while pending:
        pending += (subclasses := pending.pop().__subclasses__())
        found += [each for each in subclasses if each.__module__.startswith("segued")]
    return found


def patterns_in(info: Any) -> Iterator[str]:  # noqa: ANN401
    """Yield the patterns of a type, also those inside it."""
    if isinstance(info, inspect.StrType) and info.pattern is not None:
        yield info.pattern
    if isinstance(info, inspect.StructType):
        return  # visited by itself
    for name in getattr(info, "__struct_fields__", ()):
        value = getattr(info, name)
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, inspect.Type):
                yield from patterns_in(each)


def all_patterns() -> set[str]:
    """Return every pattern of every field of every type."""
    found: set[str] = set()
    for kind in all_structs():
        info = inspect.type_info(kind)
        assert isinstance(info, inspect.StructType)
        for field in info.fields:
            found.update(patterns_in(field.type))
    return found


def test_no_pattern_accepts_a_final_line_break() -> None:
    """`$` alone would; a new pattern needs `whole` and a specimen."""
    patterns = all_patterns()
    assert len(patterns) >= 8

    for pattern in patterns:
        valid = [each for each in SPECIMENS if re.search(pattern, each)]
        assert valid, pattern
        accepted = [each for each in valid if re.search(pattern, f"{each}\n")]
        assert (accepted != []) == (pattern in PATHS), pattern


def test_whole_pattern_matches_as_a_whole() -> None:
    """Also with alternatives, of which each is anchored at both ends."""
    pattern = whole("a|bc")

    found = [bool(re.search(pattern, text)) for text in ("a", "bc", "ab", "xbc", "a\n")]
    assert found == [True, True, False, False, False]


RECEIVER_ADDRESSES = {
    ("HooksSection", "url"),
    ("MqttSection", "url"),
    ("NotifySection", "urls"),
}


def test_secrets_are_marked() -> None:
    """A field of the configuration with a secret's name is a secret."""
    for kind in all_structs():
        if not kind.__module__.startswith("segued.config"):
            continue
        for name in kind.__struct_fields__:
            is_secret = re.search("key$|token|password|secret", name) is not None
            # The address of a receiver may hold a key.
            is_secret = is_secret or (kind.__name__, name) in RECEIVER_ADDRESSES
            assert ('"...' in quoted(kind, name, KEY)) == is_secret, (kind, name)


@pytest.mark.parametrize(
    "value",
    [f"{KEY} ", f"{KEY}\n", KEY + "é", KEY * 20, 4_242_424_242, [KEY], [[KEY]]],
)
def test_a_refused_secret_is_masked(value: object, tmp_path: Path) -> None:
    """In the error of a setting, and in that of the configuration file."""
    with pytest.raises(ConfigError, match=r'acoustid_api_key = "\.\.\.') as error:
        check_setting("acoustid_api_key", value)
    assert not re.search("ecretKey|424242", str(error.value))
    path = tmp_path / "segued.toml"
    for section, name in (("settings", "acoustid_api_key"), ("page", "token")):
        path.write_text(f"[{section}]\n{name} = {json.dumps(value)}\n")
        with pytest.raises(ConfigError) as error:
            read_config(path)
        assert not re.search("ecretKey|424242", str(error.value))


def test_a_refused_value_of_another_setting_is_shown() -> None:
    """It is no secret, and the message helps to correct it."""
    with pytest.raises(ConfigError, match='ai_processing_thread_count = "many"'):
        check_setting("ai_processing_thread_count", "many")


def test_all_secrets_are_masked_by_one_function() -> None:
    """Of any section; two letters are left of a long one, none of a short one."""
    assert mask_secrets(Settings(acoustid_api_key=KEY)).acoustid_api_key == "...42"
    assert mask_secrets(Settings(acoustid_api_key="abc")).acoustid_api_key == "..."
    assert mask_secrets(Settings()) == Settings()
    assert mask_secrets(PageSection(token=KEY)).token == "...42"  # noqa: S105
    assert mask_secrets(Config().page) == PageSection()
