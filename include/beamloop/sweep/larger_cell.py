"""Where the spots left over prove a larger cell, index with that one, whatever cell was known."""

from dataclasses import replace

import numpy as np

from beamloop.dials_cli.close_spots import fractional_indices
from beamloop.dials_cli.crystal_writing import primitive_axes, write_with_axes
from beamloop.dials_cli.experiments import read_experiments
from beamloop.records.sample import Sample, UnitCell
from beamloop.sweep.attempt import Attempt
from beamloop.sweep.between_points import Between, find_between
from beamloop.sweep.cell_words import against_known
from beamloop.sweep.rungs import Inputs, impose
from beamloop.sweep.work import Finding, StepWork
from beamloop.unit_cells.cell_arrays import Floats, metric_tensors
from beamloop.unit_cells.reduction import niggli_bases

METHOD = "larger cell"
REASON = "Spots lie regularly between the lattice's points: the true cell is a multiple of the one found."
TRICLINIC = "P 1"
START = "larger_cell.expt"


def look_for_larger_cell(work: StepWork, found: Attempt) -> list[Attempt]:
    """Index with a cell two or three times as large, where spots between the lattice's points prove it.

    Parameters
    ----------
    work
        The step.
    found
        The attempt whose lattice counts.

    Returns
    -------
    list of Attempt
        Empty where nothing speaks for a larger cell. An accepted one takes the place of what was found: in
        its space group, or triclinic where the larger cell does not have that symmetry.
    """
    crystal = read_experiments(found.folder / "indexed.expt").experiments[0].crystal
    if crystal is None:
        return []
    primitive = primitive_axes(crystal.space_group)
    between = find_between(fractional_indices(found.folder / "indexed.refl", crystal) @ primitive.T)
    if between is None:
        return []
    axes = _reduced(between.axes @ primitive, crystal.cell)
    write_with_axes(found.folder / "indexed.expt", axes, work.staging / START)
    symmetric = _try(work, found, between, crystal.space_group, METHOD)
    if symmetric.accepted or crystal.space_group == TRICLINIC:
        return [symmetric]
    return [symmetric, _try(work, found, between, TRICLINIC, f"{METHOD}, no symmetry")]


def _reduced(axes: Floats, cell: UnitCell) -> Floats:
    """Choose Niggli's axes of the same lattice: DIALS does not see the symmetry of others."""
    metric = axes @ metric_tensors(np.array([cell.as_tuple()]))[0] @ axes.T
    return np.asarray(niggli_bases(metric[None])[0] @ axes)


def _try(work: StepWork, found: Attempt, between: Between, group: str, method: str) -> Attempt:
    folder = work.staging / method.replace(", ", "-").replace(" ", "_")
    folder.mkdir()
    known = Inputs(work.staging / START, found.inputs.spots)
    finding = impose(work, found.rung, folder, known, Sample(group))
    told = replace(finding, text=_words(work, finding, between, group))
    return Attempt(method, REASON, found.rung, found.inputs, folder, told)


def _words(work: StepWork, finding: Finding, between: Between, group: str) -> str:
    evidence = (
        f"{between.count} of {between.off_count} spots off the smaller lattice lie at points of one whose "
        f"cell is {between.index} times as large"
    )
    if finding.outcome:
        return f"{evidence}, but it is not accepted in {group}: {finding.text}"
    relation = against_known(group, finding.crystals[0].cell, work.run.parameters.sample)
    return "; ".join(filter(None, (finding.text, evidence, relation)))
