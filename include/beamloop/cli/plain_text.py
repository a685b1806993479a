"""Text that came from outside, fit for a terminal and for a shell."""

import os
import shlex

from rich.text import Text

from beamloop.records.plain_text import plain, plain_line

__all__ = ["as_text", "plain", "plain_line", "shell_word"]


def as_text(text: str, style: str = "") -> Text:
    """Show hostile text as it is: no markup, no control characters."""
    return Text(plain(text), style=style)


def shell_word(text: str) -> str:
    r"""Quote one argument for bash; unprintable ones as $'...', which shows them and means the same.

    Parameters
    ----------
    text
        An argument as the kernel gets it, e.g. "template=it's $(x)".
    """
    if text.isprintable():
        return shlex.quote(text)
    bytes_shown = (
        chr(b) if 0x20 <= b < 0x7F and chr(b) not in "'\\" else f"\\x{b:02x}" for b in os.fsencode(text)
    )
    return f"$'{''.join(bytes_shown)}'"
