"""What joint refinement changed: the crystals and the group, before and after."""

from collections.abc import Mapping, Sequence
from math import sqrt

import numpy as np

from beamloop.joint.crystals import Crystal
from beamloop.records.joint import CrystalFigures, CrystalKey, GroupFigures, Joint, MemberFigures
from beamloop.unit_cells.cell_arrays import Floats
from beamloop.unit_cells.setting import to_common_setting
from beamloop.unit_cells.variation import linear_cell_variation


def compare_members(
    joint: Joint,
    crystals: Sequence[Crystal],
    after: Mapping[CrystalKey, CrystalFigures],
    left: Mapping[CrystalKey, str],
) -> tuple[MemberFigures, ...]:
    """Put each member's figures before and after side by side, in the members' order."""
    names = joint.member_names()
    before = {crystal.key: crystal.before for crystal in crystals}
    keys = [(member.run_id, member.crystal_number) for member in joint.members]
    return tuple(
        MemberFigures(
            run_id=member.run_id,
            crystal_number=member.crystal_number,
            name=names[key],
            space_group=member.space_group,
            before=before.get(key),
            after=after.get(key),
            left=left.get(key, ""),
        )
        for key, member in zip(keys, joint.members, strict=True)
    )


def common_cells(members: Sequence[MemberFigures]) -> tuple[Floats, Floats, str]:
    """Return the cells of those that stayed, all in one setting.

    Returns
    -------
    before, after
        Shape (n, 6): a, b, c in angstrom, alpha, beta, gamma in degrees.
    name
        Of the setting, e.g. "conventional R".
    """
    stayed = stayed_members(members)
    cells = [before.cell for _, before, _ in stayed] + [after.cell for _, _, after in stayed]
    common = to_common_setting(np.array(cells), [member.space_group for member, _, _ in stayed] * 2)
    return common.cells[: len(stayed)], common.cells[len(stayed) :], common.name


def stayed_members(
    members: Sequence[MemberFigures],
) -> list[tuple[MemberFigures, CrystalFigures, CrystalFigures]]:
    """Return those that were refined to the end, with their figures before and after."""
    return [(member, member.before, member.after) for member in members if member.before and member.after]


def group_figures(cells: Floats, figures: Sequence[CrystalFigures]) -> GroupFigures:
    """Return how much the crystals of a group differ, and how well their models predict all reflections.

    Parameters
    ----------
    cells
        Shape (n, 6), n >= 2, in one setting.
    figures
        Of the same crystals.

    Notes
    -----
    RMSD of all reflections: sqrt(sum(n_i RMSD_i^2) / sum(n_i)).
    """
    variation = linear_cell_variation(cells)
    lengths = cells[:, :3]
    return GroupFigures(
        lcv_percent=variation.lcv_percent,
        alcv_angstrom=variation.alcv_angstrom,
        spread_percent=float(100 * np.max(lengths.std(axis=0, ddof=1) / lengths.mean(axis=0))),
        used_count=sum(found.used_count for found in figures),
        rmsd_x_mm=_together([(found.used_count, found.rmsd_x_mm) for found in figures]),
        rmsd_y_mm=_together([(found.used_count, found.rmsd_y_mm) for found in figures]),
        rmsd_phi_deg=_together([(found.used_count, found.rmsd_phi_deg) for found in figures]),
        distance_least_mm=min(found.distance_mm for found in figures),
        distance_greatest_mm=max(found.distance_mm for found in figures),
    )


def _together(parts: Sequence[tuple[int, float | None]]) -> float | None:
    known = [(count, rmsd) for count, rmsd in parts if rmsd is not None]
    count = sum(count for count, _ in known)
    return sqrt(sum(n * rmsd**2 for n, rmsd in known) / count) if count else None
