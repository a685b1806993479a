"""Text that came from outside, made fit to be shown to people."""


def plain(text: str) -> str:
    """Return text with its unprintable characters spelled out: no escape reaches a terminal or a header.

    Parameters
    ----------
    text
        Hostile input: a file's name, what a program said.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def plain_line(text: str) -> str:
    """Return text of several lines as one, with its unprintable characters spelled out."""
    return plain(" ".join(text.split()))


def is_utf8(text: str) -> bool:
    """Tell text from bytes that came as an argument and that the catalogue cannot hold."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
