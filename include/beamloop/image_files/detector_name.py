"""What a mini-CBF says of the detector that wrote it."""

import re
from pathlib import Path

from beamloop.image_files.cbf import HEADER_BYTES
from beamloop.image_files.compression import read_beginning
from beamloop.image_files.faults import ImageFaultError
from beamloop.image_files.opening import open_image

# Source: DECTRIS, "PILATUS CBF Header Specification" 1.4, the line "# Detector: ".
DETECTOR = re.compile(rb"^#\s*Detector:\s*([^\r\n]{1,200})", re.MULTILINE)


def detector_name(path: Path) -> str:
    """Return the detector's name and serial number, "" where the header says none or cannot be read.

    Parameters
    ----------
    path
        An image: .cbf, .cbf.gz or .cbf.bz2.

    Returns
    -------
    str
        E.g. "PILATUS3 6M, S/N 60-0119"; what is no printable ASCII is left out.
    """
    try:
        with open_image(path) as file:
            found = DETECTOR.search(read_beginning(file, path.name, HEADER_BYTES))
    except (OSError, ImageFaultError):
        return ""
    text = found[1].decode("ascii", "ignore") if found else ""
    return " ".join("".join(letter for letter in text if letter.isprintable()).split())
