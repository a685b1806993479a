"""What a beamline's file says of groups: how alike their crystals are, and what their refinement may use."""

import logging
from dataclasses import dataclass
from pathlib import Path

from beamloop.beamlines.beamline_file import program_limits, read_beamlines
from beamloop.records.isomorphism import LIMIT_PERCENT
from beamloop.records.program import ProgramLimits

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class GroupRules:
    """What holds where nobody says otherwise."""

    lcv_limit_percent: float = LIMIT_PERCENT
    limits: ProgramLimits = ProgramLimits()  # of one DIALS program


def group_rules_of(directory: Path, beamline: str) -> GroupRules:
    """Return the rules of a beamline; what holds by itself where it has no file that can be read.

    A file that cannot be read stops no report: people see the limit in it. The log says so.

    Parameters
    ----------
    directory
        Folder of the beamlines' YAML files.
    beamline
        Its name.
    """
    known, faults = read_beamlines(directory)
    for found in known:
        if found.beamline == beamline:
            return GroupRules(found.lcv_limit_percent, program_limits(found.limits))
    if faults:
        log.warning("No file of %s can be read, its groups go by the defaults: %s", beamline, faults[0])
    return GroupRules()
