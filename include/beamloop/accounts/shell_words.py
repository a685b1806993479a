"""Words of a command line, as a person copies them."""

import os
import shlex


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
