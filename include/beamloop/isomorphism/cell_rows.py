"""The table of cells that is validated: a row for each crystal that no person excluded."""

from collections import Counter
from collections.abc import Sequence

from beamloop.isomorphism.assessment import Assessment
from beamloop.isomorphism.expectations import ANGLES, LENGTHS
from beamloop.isomorphism.lattice_symmetry import space_group_type, symmetry_misfit
from beamloop.isomorphism.testimony import reflections_per_parameter
from beamloop.records.isomorphism import ReportMember, Standing

Row = dict[str, object]


def cell_rows(assessment: Assessment) -> list[Row]:
    """Return a row for each crystal, by serial number, then what is not judged.

    Its keys are the columns of the suite.
    """
    lcv_percent = assessment.variation.lcv_percent if assessment.variation else None
    groups = {key: group.name for group in assessment.groups for key in group.members}
    crystals = {(c.member.run_id, c.member.crystal_number): c for c in assessment.snapshot.crystals}
    return [
        _row(entry, groups.get(key, ""), reflections_per_parameter(crystals[key]), lcv_percent)
        for entry in assessment.members
        for key in [(entry.member.run_id, entry.member.crystal_number)]
        if entry.standing is not Standing.EXCLUDED
    ]


def _row(entry: ReportMember, group: str, per_parameter: float, members_lcv_percent: float | None) -> Row:
    member = entry.member
    length_misfit_percent, angle_misfit_deg = symmetry_misfit(member.cell, member.space_group)
    return {
        "sweep": member.sweep_name,
        "run": member.run_id,
        "crystal": member.crystal_number,
        "serial": entry.serial,
        "standing": entry.standing.value,
        "judged_sweep": member.sweep_name if entry.standing is not Standing.NOT_JUDGED else None,
        "group": group,
        "space_group": space_group_type(member.space_group),
        **dict(zip((*LENGTHS, *ANGLES), member.cell, strict=True)),
        "length_misfit_percent": length_misfit_percent,
        "angle_misfit_deg": angle_misfit_deg,
        "reflections_per_parameter": per_parameter,
        "robust_z": entry.robust_z,
        "members_lcv_percent": members_lcv_percent if entry.standing is Standing.MEMBER else None,
    }


def usual_space_group(rows: Sequence[Row]) -> str:
    """Return the space group that most rows have, of equals the one that comes first."""
    return str(Counter(row["space_group"] for row in rows).most_common(1)[0][0])
