"""Find the rules of one beamline among the files of all."""

from pathlib import Path

from beamloop.beamlines.beamline_file import read_beamlines
from beamloop.beamlines.geometry_rules import GeometryRules


def geometry_rules_of(directory: Path, beamline: str) -> GeometryRules:
    """Return how a beamline deals with refined detectors; what holds by itself where it has no file.

    Parameters
    ----------
    directory
        Folder of the beamlines' YAML files.
    beamline
        Its name.

    Raises
    ------
    InvalidInputError
        When it has none among the files that can be read, and one cannot be: that may be its own, with a
        stricter gate.
    """
    known, faults = read_beamlines(directory)
    for found in known:
        if found.beamline == beamline:
            return found.geometry
    if faults:
        raise faults[0]
    return GeometryRules()
