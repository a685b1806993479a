"""The crystal of each sweep: its cell, its orientation, its brightness."""

from dataclasses import dataclass, replace

import gemmi
import numpy as np

from beamloop.errors import InvalidInputError
from beamloop.records.sample import UnitCell
from beamloop.simulate.arrays import Floats
from beamloop.simulate.geometry import rotation_matrix, to_vector
from beamloop.simulate.plan import CollectionPlan, CrystalPlan, SweepKind
from beamloop.simulate.random_streams import Stream, stream


@dataclass(frozen=True, slots=True, eq=False)
class Crystal:
    """One crystal at rotation angle 0."""

    space_group: gemmi.SpaceGroup
    unit_cell: UnitCell
    orientation: (
        Floats  # U, (3, 3): from the Cartesian crystal frame (a along x, c* along z) to the laboratory
    )
    photons: float  # see CrystalPlan.photons
    doubled: bool  # c is twice the sample's, and odd l are weaker

    @property
    def a_matrix(self) -> Floats:
        """A = U B, shape (3, 3), 1/angstrom: A h is the reciprocal lattice vector of the index column h."""
        a_matrix: Floats = self.orientation @ reciprocal_basis(self.unit_cell)
        return a_matrix


def space_group_of(symbol: str, cell: UnitCell) -> gemmi.SpaceGroup:
    """Return the space group of an extended Hermann-Mauguin symbol, having checked that the cell fits it.

    Raises
    ------
    InvalidInputError
        For an unknown symbol, or a cell that breaks the symmetry.
    """
    space_group = gemmi.find_spacegroup_by_name(symbol)
    if space_group is None:
        raise InvalidInputError(
            f"There is no space group {symbol!r}.",
            try_next='Give an extended Hermann-Mauguin symbol such as "P 21 21 21" or "H 3".',
        )
    if not gemmi.UnitCell(*cell.as_tuple()).is_compatible_with_spacegroup(space_group):
        raise InvalidInputError(
            f"The cell {cell} does not have the symmetry of {space_group.xhm()}.",
            try_next="Give lengths and angles that fit the space group, e.g. a = b for a hexagonal cell.",
        )
    return space_group


def reciprocal_basis(cell: UnitCell) -> Floats:
    """Return B, shape (3, 3), 1/angstrom: columns a*, b*, c*, with a along x and c* along z as in the PDB."""
    basis: Floats = np.array(gemmi.UnitCell(*cell.as_tuple()).frac.mat.tolist()).T
    return basis


def make_crystal(plan: CollectionPlan, sweep_index: int) -> Crystal | None:
    """Draw the crystal of one sweep; None for a blank one.

    Raises
    ------
    InvalidInputError
        When the sample's cell and space group do not fit, or its c axis cannot be doubled.
    """
    kind = plan.sweeps[sweep_index].kind
    if kind is SweepKind.BLANK:
        return None
    sample = plan.crystal
    space_group = space_group_of(sample.space_group, sample.unit_cell)
    random = stream(plan.seed, Stream.CRYSTAL, sweep_index)
    orientation = _random_rotation(random)
    strain = sample.cell_spread_fraction * random.standard_normal(6)
    brightness = np.exp(sample.size_spread_fraction * random.standard_normal())
    if kind is SweepKind.WEAK:
        brightness = sample.weak_fraction
    return Crystal(
        space_group=space_group,
        unit_cell=_strained(_cell_of(sample, kind, space_group), strain, space_group),
        orientation=orientation,
        photons=float(sample.photons * brightness),
        doubled=kind is SweepKind.DOUBLED_AXIS,
    )


def make_second_crystal(plan: CollectionPlan, sweep_index: int) -> Crystal | None:
    """Draw the other crystal that the beam hits, the first one's but for orientation and brightness."""
    sweep = plan.sweeps[sweep_index]
    first = make_crystal(plan, sweep_index)
    if first is None or sweep.second_crystal_fraction <= 0:
        return None
    random = stream(plan.seed, Stream.CRYSTAL, sweep_index, 1)
    if sweep.second_crystal_turn_deg is None:
        orientation = _random_rotation(random)
    else:
        orientation = _random_turn(random, sweep.second_crystal_turn_deg) @ first.orientation
    return replace(first, orientation=orientation, photons=sweep.second_crystal_fraction * first.photons)


def doubled_cell(sample: CrystalPlan, space_group: gemmi.SpaceGroup) -> UnitCell:
    """Return the sample's cell with c twice as long.

    Raises
    ------
    InvalidInputError
        When the symmetry ties c to another axis.
    """
    a, b, c, *angles = sample.unit_cell.as_tuple()
    cell = UnitCell(a, b, 2.0 * c, *angles)
    if not gemmi.UnitCell(*cell.as_tuple()).is_compatible_with_spacegroup(space_group):
        raise InvalidInputError(
            f"The c axis of {space_group.xhm()} cannot be doubled: symmetry ties it to another axis.",
            try_next="Leave sweeps of the kind doubled_axis out for this space group.",
        )
    return cell


def _cell_of(sample: CrystalPlan, kind: SweepKind, space_group: gemmi.SpaceGroup) -> UnitCell:
    if kind is SweepKind.DOUBLED_AXIS:
        return doubled_cell(sample, space_group)
    if kind is SweepKind.CELL_OUTLIER:
        a, b, c, *angles = sample.unit_cell.as_tuple()
        scale_a, scale_b, scale_c = sample.outlier_scales
        return UnitCell(a * scale_a, b * scale_b, c * scale_c, *angles)
    return sample.unit_cell


def _strained(cell: UnitCell, strain: Floats, space_group: gemmi.SpaceGroup) -> UnitCell:
    """Change lengths by fractions and angles by radians, then restore the symmetry.

    The metric tensor is averaged over the point group, which leaves free what each system leaves free.
    """
    lengths = np.array(cell.as_tuple()[:3]) * (1.0 + strain[:3])
    cosines = np.cos(np.radians(cell.as_tuple()[3:]) + strain[3:])
    metric = np.outer(lengths, lengths)
    for (i, j), cosine in zip(((1, 2), (0, 2), (0, 1)), cosines, strict=True):
        metric[i, j] *= cosine
        metric[j, i] *= cosine
    rotations = [np.array(operation.rot) / operation.DEN for operation in space_group.operations().sym_ops]
    return _cell_from_metric(np.mean([rotation.T @ metric @ rotation for rotation in rotations], axis=0))


def _cell_from_metric(metric: Floats) -> UnitCell:
    lengths = np.sqrt(np.diag(metric))
    cosines = [metric[i, j] / (lengths[i] * lengths[j]) for i, j in ((1, 2), (0, 2), (0, 1))]
    return UnitCell(
        *(float(length) for length in lengths), *(float(np.degrees(np.arccos(x))) for x in cosines)
    )


def _random_turn(random: np.random.Generator, angle_deg: float) -> Floats:
    """Draw a rotation by a given angle about an axis of any direction."""
    axis = random.standard_normal(3)
    return rotation_matrix(to_vector(axis / np.linalg.norm(axis)), np.radians(angle_deg))


def _random_rotation(random: np.random.Generator) -> Floats:
    """Draw a rotation, all orientations equally likely: a normal quaternion, normalised (Shoemake, 1992)."""
    quaternion = random.standard_normal(4)
    w, x, y, z = quaternion / np.linalg.norm(quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
