"""Where another program sees a folder."""

__all__ = ["place_under", "relative_place"]


def relative_place(folder: str, root: str) -> str | None:
    """Return a folder relative to a root; empty for the root, None outside of it.

    Example:
        >>> relative_place("/music/a/b", "/music/")
        'a/b'
    """
    prefix = f"{root.rstrip('/')}/"
    if f"{folder.rstrip('/')}/" == prefix:
        return ""
    return folder[len(prefix) :] if folder.startswith(prefix) else None


def place_under(folder: str, root: str, other_root: str) -> str:
    """Return a folder as another program sees it, which has the root elsewhere.

    Example:
        >>> place_under("/srv/music/a", "/srv/music", "/media")
        '/media/a'
    """
    place = relative_place(folder, root)
    if not other_root or place is None:
        return folder
    return f"{other_root.rstrip('/')}/{place}".rstrip("/") or "/"
