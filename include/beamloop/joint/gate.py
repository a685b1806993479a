"""Whether a joint refinement is worse than the single ones, and in what."""

from collections.abc import Iterator, Sequence
from math import hypot

from beamloop.records.joint import CrystalFigures, GroupFigures, JointOptions, MemberFigures


def why_worse(
    before: GroupFigures, after: GroupFigures, members: Sequence[MemberFigures], options: JointOptions
) -> tuple[str, ...]:
    """Say in what a result is worse than the single refinements; nothing: it may be published.

    Cells have to become more alike; that the RMSDs grow a little is what one detector for all costs
    (polyhedra: 1-3 % for the group, 14 % for a crystal). Where they grow by more than the limits, one
    detector does not describe all the sweeps.
    """
    return (
        *_of_cells(before, after, options),
        *_of_group(before, after, options),
        *_of_one(members, options),
    )


def _of_cells(before: GroupFigures, after: GroupFigures, options: JointOptions) -> Iterator[str]:
    noise = options.spread_noise_percent
    for name, old, new in (
        ("LCV", before.lcv_percent, after.lcv_percent),
        ("standard deviation of the axes", before.spread_percent, after.spread_percent),
    ):
        if new > max(old, noise):
            yield f"The cells differ more than before: {name} {old:.2f} % -> {new:.2f} %."


def _of_group(before: GroupFigures, after: GroupFigures, options: JointOptions) -> Iterator[str]:
    limit = options.largest_group_rmsd_ratio
    for name, old, new in (
        ("x (mm)", before.rmsd_x_mm, after.rmsd_x_mm),
        ("y (mm)", before.rmsd_y_mm, after.rmsd_y_mm),
        ("phi (deg)", before.rmsd_phi_deg, after.rmsd_phi_deg),
    ):
        if old and new and new > limit * old:
            yield (
                f"The RMSD of all reflections in {name} grew from {old:.4f} to {new:.4f}; "
                f"{limit:g} times is the limit."
            )


def _of_one(members: Sequence[MemberFigures], options: JointOptions) -> Iterator[str]:
    limit = options.largest_crystal_rmsd_ratio
    grown = [member for member in members if rmsd_growth(member) > limit]
    if grown:
        worst = max(grown, key=rmsd_growth)
        old, new = position_rmsd_mm(worst.before), position_rmsd_mm(worst.after)
        yield (
            f"The RMSD on the detector grew to more than {limit:g} times for {len(grown)} of the crystals, "
            f"most for {worst.name}: from {old:.4f} to {new:.4f} mm."
        )


def rmsd_growth(member: MemberFigures) -> float:
    """Return the RMSD on the detector after over that before; 0 where one is not known."""
    old, new = position_rmsd_mm(member.before), position_rmsd_mm(member.after)
    return new / old if old and new else 0.0


def position_rmsd_mm(figures: CrystalFigures | None) -> float | None:
    """Return the RMSD of the distance between calculated and observed centroid on the detector, in mm."""
    if figures is None or figures.rmsd_x_mm is None or figures.rmsd_y_mm is None:
        return None
    return hypot(figures.rmsd_x_mm, figures.rmsd_y_mm)
