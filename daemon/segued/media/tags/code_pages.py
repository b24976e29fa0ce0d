"""Decode text of an unknown code page, as old programs wrote it."""

import codecs
import re
from collections.abc import Callable
from typing import Final

__all__ = ["CODE_PAGES", "decode_text"]

CODE_PAGES: Final = (
    "cp1252",
    "cp1251",
    "cp932",  # Shift-JIS
    "gb18030",  # GBK
    "cp949",  # EUC-KR
    "big5hkscs",
    "cp1250",
    "cp1253",
    "cp1254",
    "euc_jp",
    "cp866",
    "koi8_r",
)
"""What Windows used where people wrote sheets, the most frequent first."""

BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

HIGH_RUN: Final = re.compile(rb"[\x80-\xff]+")
KANA: Final = re.compile("[\u3041-\u30fe]")
HANGUL: Final = re.compile("[\uac00-\ud7a3]")
CYRILLIC_WORD: Final = re.compile(
    "[\u0410-\u042f\u0401]?[\u0430-\u044f\u0451]*|[\u0410-\u042f\u0401]+"
)
"""Lower case, upper case, or only the first letter in upper case."""
WORD: Final = re.compile(r"[^\W\d_]+")
SHORT_RUN: Final = 2
MOSTLY: Final = 0.8
SAMPLE_RUNS: Final = 2_000


def decode_text(data: bytes, is_right: Callable[[str], bool]) -> str:
    """Decode text as Unicode, or in the first code page that is right.

    Args:
        data: The text. A byte order mark decides; so does being valid UTF-8.
        is_right: Returns whether a decoded text is what it should be; for instance,
            because files that it names exist.

    Returns:
        If no code page is right, the text in the code page that it looks like.
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    if unmarked := _utf_16_without_mark(data):
        return data.decode(unmarked, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    right: dict[str, str] = {}
    for page in CODE_PAGES:
        try:
            text = data.decode(page)
        except UnicodeDecodeError:
            continue
        if is_right(text):
            right[page] = text
    likely = _likely_code_page(data)
    # A name in plain ASCII is right in every code page, and decides nothing.
    if right and likely not in right:
        return next(iter(right.values()))
    return right.get(likely) or data.decode(likely, "replace")


def _utf_16_without_mark(data: bytes) -> str | None:
    """Return UTF-16's byte order if every other of the first bytes is zero."""
    head = data[:64]
    zeros = [head[half::2].count(0) for half in (0, 1)]
    if max(zeros) * 2 < len(head) * MOSTLY or min(zeros):
        return None
    return "utf-16-be" if zeros[0] else "utf-16-le"


def _likely_code_page(data: bytes) -> str:
    """Return the code page that a text looks like, by its letters and their order.

    Western text has single letters beyond ASCII, other languages whole words of them.
    """
    runs = HIGH_RUN.findall(data)[:SAMPLE_RUNS]
    short = sum(len(run) <= SHORT_RUN for run in runs)
    cyrillic = _decoded_words(data, "cp1251")
    if (
        cyrillic
        and short < len(runs) * MOSTLY
        and _share_of_cyrillic(cyrillic) > MOSTLY
    ):
        return "cp1251"
    for page, letters in (("cp932", KANA), ("cp949", HANGUL)):
        words = _decoded_words(data, page)
        found = sum(len(letters.findall(word)) for word in words)
        share = found / max(1, sum(map(len, words)))
        if share > (MOSTLY if page == "cp949" else 1 - MOSTLY):
            return page
    if short >= len(runs) * MOSTLY:
        return "cp1252"
    for page, first, last in (("gb18030", 0xB0, 0xD7), ("big5hkscs", 0xA4, 0xC6)):
        words = _decoded_words(data, page)
        leads = [char.encode(page)[0] for word in words for char in word]
        common = sum(first <= lead <= last for lead in leads)
        if leads and common > len(leads) * MOSTLY:
            return page
    return "cp1252"


def _decoded_words(data: bytes, page: str) -> list[str]:
    """Return the words beyond ASCII of a text in a code page; [] if it is not in it."""
    try:
        words = WORD.findall(data.decode(page))
    except UnicodeDecodeError:
        return []
    beyond = ("".join(c for c in word if not c.isascii()) for word in words)
    return [word for word in beyond if word][:SAMPLE_RUNS]


def _share_of_cyrillic(words: list[str]) -> float:
    """Return the share of words that are in the upper or lower case that words have."""
    return sum(bool(CYRILLIC_WORD.fullmatch(word)) for word in words) / len(words)
