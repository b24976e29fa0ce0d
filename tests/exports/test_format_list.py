"""The list of formats."""

from segued.cli.export_parser import FORMATS
from segued.exports.format_list import EXPORT_FORMATS


def test_the_command_line_has_all_formats() -> None:
    """It does not import them, since `--help` answers at once."""
    assert set(FORMATS) == set(EXPORT_FORMATS)
