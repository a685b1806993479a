"""Text that came from outside, fit for a terminal and for a shell."""

from rich.text import Text

from beamloop.accounts.shell_words import shell_word
from beamloop.records.plain_text import plain, plain_line

__all__ = ["as_text", "plain", "plain_line", "shell_word"]


def as_text(text: str, style: str = "") -> Text:
    """Show hostile text as it is: no markup, no control characters."""
    return Text(plain(text), style=style)
