"""Paths in argv: which of them DIALS reads as they stand, and relative ones.

Arguments never meet a shell, but DIALS parses them itself (phil), and globs templates. Tried with 3.12.1, one
character at a time in the middle of a folder's and of a file's name:

- as `template=PATH`: `#`, `$`, `;`, `{`, `}`, `[` (in a file's name), tab, newline, two spaces and bytes that
  are no UTF-8 fail, mostly with a crash;
- as a plain file: `#`, `*`, `=`, newline and bytes that are no UTF-8 fail.

Quotes and spaces fail at the edge of a word, `?` and `*` match other files too, and non-ASCII names depend on
the locale. So the rule is an allow-list of what works everywhere; for any other path the caller makes a
folder of symbolic links, which DIALS records as it records files.
"""

import os
import re
from pathlib import Path

PLAIN = re.compile(r"(?!-)[A-Za-z0-9/._+,:@%-]+")


def is_plain_path(path: Path) -> bool:
    """Tell whether DIALS takes a path as it stands, both as `template=` and as a plain file.

    Parameters
    ----------
    path
        A file or folder. A template is judged by the path of one of its images, not by its `#` signs.
    """
    return PLAIN.fullmatch(str(path)) is not None


def relative_to(folder: Path, path: Path) -> Path:
    """Return a path as a program in a folder is given it.

    It stays true when the staging folder is renamed, and when all is copied to another place.
    """
    return Path(os.path.relpath(path, folder))
