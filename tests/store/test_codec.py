"""Values of the library as JSON, whole and sparse."""

import json

import pytest

from segued.model import Signature, Span, Tags
from segued.phases.p03_tags import TagsRead
from segued.store.codec import decode, encode, encode_sparse
from segued.units import Ticks


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(Tags(), id="nothing"),
        pytest.param(
            Tags(title="Jóga", track=0, genres=("a",), compilation=False), id="falsy"
        ),
        pytest.param(
            TagsRead(Tags(album=""), Tags(), (), None, (), {}), id="nested and required"
        ),
        pytest.param(Signature(1, 2, 3), id="required"),
        pytest.param(Span(Ticks(0), Ticks(5)), id="zero"),
    ],
)
def test_a_sparse_value_is_the_same(value: object) -> None:
    """What is left out comes back; what differs from the default is not left out."""
    for text in (encode(value), encode_sparse(value)):
        assert decode(text, type(value)) == value


def test_absent_tags_take_no_room() -> None:
    """Of thirty fields that most files lack, none is written."""
    names = TagsRead(Tags(title="Jóga"), Tags(), (), None, ())

    assert json.loads(encode_sparse(names)) == {
        "tags": {"title": "Jóga"},
        "guessed": {},
        "marks": [],
        "leading_number": None,
        "warnings": [],
    }
