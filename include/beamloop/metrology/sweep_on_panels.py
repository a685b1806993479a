"""A sweep on its way to reflections on the panels, and what may end it there."""

from dataclasses import dataclass, field
from pathlib import Path

from beamloop.dials_cli.program_outcomes import outcome_of_failure
from beamloop.metrology.offers import Candidate
from beamloop.metrology.work import MetrologyWork
from beamloop.records.program import ProgramResult

HEADER = "header.expt"  # beam and detector as the headers of the strongest sweep's images have them
START = "start.expt"  # as they were imported


@dataclass(slots=True)
class SweepOnPanels:
    """What has become of one sweep so far."""

    one: Candidate
    folder: Path
    programs: list[ProgramResult] = field(default_factory=list)
    fault: str = ""
    indexed_count: int = 0

    def went_well(self, work: MetrologyWork, result: ProgramResult, fault: str) -> bool:
        """Keep a program; where it failed, say why the sweep cannot be used.

        Parameters
        ----------
        work
            The step.
        result
            How the program ended.
        fault
            What its failure means for the sweep: "no spots were found on its images".

        Returns
        -------
        bool
            Whether it succeeded.

        Raises
        ------
        TransientError
            When it was ended from outside, or the disk is full.
        """
        self.programs.append(result)
        if not result.succeeded:
            ended = outcome_of_failure(result, work.limits, work.step)
            self.fault = f"{fault}: {ended.sentence}"
        return result.succeeded
