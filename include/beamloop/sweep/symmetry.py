"""After a search where nothing is known of the symmetry: settle it, or leave the lattice triclinic."""

from dataclasses import replace
from pathlib import Path

from beamloop.dials_cli import programs
from beamloop.dials_cli.paths import relative_to
from beamloop.records.outcome import OutcomeCode
from beamloop.records.sample import Sample
from beamloop.sweep.attempt import Attempt
from beamloop.sweep.bravais import LOWEST_GROUP, Setting, clear_cut, read_settings
from beamloop.sweep.failures import explain
from beamloop.sweep.rungs import WRONG_SYMMETRY, impose
from beamloop.sweep.work import Finding, StepWork, stopped

METHOD = "Bravais settings"
REASON = "Nothing is known of the symmetry: the settings that the triclinic cell allows are refined."


def settle_symmetry(work: StepWork, found: Attempt) -> list[Attempt]:
    """Impose the lattice's symmetry where it is clear-cut; what is not accepted leaves P 1.

    Parameters
    ----------
    work
        The step.
    found
        The attempt that found a triclinic lattice.
    """
    if work.run.parameters.sample.space_group:
        return []
    folder = work.staging / "bravais"
    folder.mkdir()
    return [Attempt(METHOD, REASON, found.rung, found.inputs, folder, _settle(work, found, folder))]


def _settle(work: StepWork, found: Attempt, folder: Path) -> Finding:
    up = relative_to(folder, found.folder)
    result = programs.refine_bravais_settings(
        work.dials, folder, up / "indexed.expt", up / "indexed.refl", limits=work.limits
    )
    if not result.succeeded:
        return explain(work, (result,), WRONG_SYMMETRY)
    settings = read_settings(folder / "bravais_summary.json")
    best = clear_cut(settings)
    if best is None:
        allowed = ", ".join(sorted({setting.lattice for setting in settings}))
        words = f"no setting of {allowed} is clear-cut, P 1 stays"
        return stopped(work, OutcomeCode.WRONG_SYMMETRY, words, (result,))
    known = replace(found.inputs, experiments=found.folder / "indexed.expt")
    imposed = impose(work, found.rung, folder, known, Sample(LOWEST_GROUP[best.lattice]))
    return replace(
        imposed,
        text=f"{imposed.text}, {_words(best, settings)}",
        programs=(result, *imposed.programs),
    )


def _words(best: Setting, settings: list[Setting]) -> str:
    triclinic = next(setting for setting in settings if setting.lattice == "aP")
    return (
        f"the lattice is {best.lattice}: its metric fits to {best.misfit_deg:.2f} deg, its RMSD is "
        f"{best.rmsd_mm:.3f} mm against {triclinic.rmsd_mm:.3f} mm of the triclinic one"
    )
