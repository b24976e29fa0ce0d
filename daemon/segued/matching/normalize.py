"""Names as they compare: without case, accents, punctuation or spacing."""

import unicodedata

__all__ = ["key", "normalised"]


def normalised(name: str) -> str:
    """Return a name as it is compared with others.

    Example:
        >>> normalised("  Björk -  Jóga! ")
        'bjork joga'
    """
    folded = unicodedata.normalize("NFKD", name.casefold())
    kept = (
        character if character.isalnum() else " "
        for character in folded
        if not unicodedata.combining(character)
    )
    return " ".join("".join(kept).split())


def key(*names: str) -> str:
    r"""Return what tells apart a thing known by its names alone.

    Names made of nothing but punctuation are told apart as they are.

    Example:
        >>> key("Björk", "Jóga")
        'bjork\x1fjoga'
        >>> key("!!!")
        '!!!'
    """
    return "\x1f".join(normalised(name) or name.strip() for name in names)
