"""The catalogue's facts of a crystal, from a pair of DIALS files."""

from pathlib import Path

from beamloop.dials_cli.experiments import read_experiments
from beamloop.dials_cli.reflections import summarise_indexing
from beamloop.records.run import CrystalFact


def crystal_facts(experiments: Path, reflections: Path) -> tuple[CrystalFact, ...]:
    """Return a fact for each experiment that has a crystal.

    Parameters
    ----------
    experiments, reflections
        An experiment list and its reflection table.

    Raises
    ------
    ProgramFailedError
        When a file cannot be read as what it should be.
    """
    facts = []
    experiments_read = read_experiments(experiments).experiments
    summaries = summarise_indexing(reflections, experiments_read)
    for number, (experiment, summary) in enumerate(zip(experiments_read, summaries, strict=True)):
        crystal, detector = experiment.crystal, experiment.detector
        if crystal is None:
            continue
        facts.append(
            CrystalFact(
                crystal_number=number + 1,
                space_group=crystal.space_group,
                cell=crystal.cell.as_tuple(),
                cell_su=crystal.cell_su,
                indexed_count=summary.indexed_count,
                rmsd_x_mm=summary.rmsd_x_mm,
                rmsd_y_mm=summary.rmsd_y_mm,
                rmsd_x_px=summary.rmsd_x_px,
                rmsd_y_px=summary.rmsd_y_px,
                rmsd_phi_deg=summary.rmsd_phi_deg,
                distance_mm=detector.distance_mm,
                beam_x_mm=detector.beam_x_mm,
                beam_y_mm=detector.beam_y_mm,
                # Not one: the table does not mark them.
                used_count=summary.used_count or None,
            )
        )
    return tuple(facts)
