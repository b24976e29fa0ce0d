"""The exception classes: `segued.errors`."""

import pickle
import re

import pytest

from segued import errors
from segued.errors import DecodeError, FileError, SeguedError
from segued.paths import shown


def class_and_subclasses(kind: type[SeguedError]) -> list[type[SeguedError]]:
    """Return a class and all its subclasses."""
    return [kind] + [
        d for child in kind.__subclasses__() for d in class_and_subclasses(child)
    ]


def documented_tree() -> dict[str, int]:
    """Return the depth of each class in the tree that the module's docstring draws."""
    lines = re.findall(
        r"^    ([│├└─ ]*)(\w+Error)\b", errors.__doc__ or "", re.MULTILINE
    )
    return {name: len(branch) // 4 for branch, name in lines}


def test_documented_tree_matches_the_classes() -> None:
    """The docstring draws every class, at its depth."""
    base = len(SeguedError.__mro__)
    depth = {
        kind.__name__: len(kind.__mro__) - base
        for kind in class_and_subclasses(SeguedError)
    }

    assert documented_tree() == depth


def test_codes_are_unique() -> None:
    """No two classes have the same code."""
    codes = [kind.code for kind in class_and_subclasses(SeguedError)]

    assert len(codes) == len(set(codes))


def test_file_error_can_be_pickled() -> None:
    """A pickled FileError keeps its file and its reason."""
    error = DecodeError(b"/music/\xff.mp3", "no audio")

    back = pickle.loads(pickle.dumps(error))  # noqa: S301

    assert isinstance(back, FileError)
    assert str(back) == str(error) == "/music/\\xff.mp3: no audio"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param(b"/m/plain.mp3", "/m/plain.mp3", id="plain"),
        pytest.param("/m/Björk".encode(), "/m/Björk", id="UTF-8"),
        pytest.param(b"/m/\xff\xfe", "/m/\\xff\\xfe", id="not UTF-8"),
        pytest.param(b"/m/a\nb\x1b[2J", "/m/a\\x0ab\\x1b[2J", id="control"),
    ],
)
def test_path_is_shown_without_control_characters(path: bytes, text: str) -> None:
    """A displayed path is one line without terminal control sequences."""
    assert shown(path) == text
