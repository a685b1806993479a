"""Open an image file without waiting, whatever stands under its name."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from beamloop.image_files.faults import ImageFaultError


def open_image(path: Path) -> BinaryIO:
    """Open a file for reading; the caller closes it.

    Raises
    ------
    OSError
        When it cannot be read, or is a folder.
    ImageFaultError
        When it is a pipe or a device, which could keep its reader for ever.
    """
    # An ordinary open of a pipe waits for somebody to write into it.
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise ImageFaultError("no ordinary file")
    return file
