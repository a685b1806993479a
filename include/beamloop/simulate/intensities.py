"""Intensities that obey symmetry: the same for all equivalents, zero where the space group says so."""

from dataclasses import dataclass

import gemmi
import numpy as np

from beamloop.records.sample import UnitCell
from beamloop.simulate.arrays import Floats, Indices, Ints


@dataclass(frozen=True, slots=True, eq=False)
class ReflectionList:
    """All reflections of a sphere around the origin, absent ones left out."""

    hkl: Ints  # (n, 3)
    normalized_intensity: Floats  # (n,), E^2: mean 1 within the asymmetric unit, before fall-off


def draw_reflections(
    space_group: gemmi.SpaceGroup, cell: UnitCell, d_min_angstrom: float, random: np.random.Generator
) -> ReflectionList:
    """Draw intensities for the asymmetric unit and copy them to all equivalents.

    Parameters
    ----------
    space_group, cell
        Of the sample.
    d_min_angstrom
        Edge of the sphere.
    random
        Where the numbers come from.

    Notes
    -----
    Source: A. J. C. Wilson, Acta Cryst. 2 (1949) 318: acentric E^2 are exponentially distributed, centric E
    are normal. Friedel mates are equal: there is no anomalous scattering.
    """
    operations = space_group.operations()
    unique: Ints = gemmi.make_miller_array(gemmi.UnitCell(*cell.as_tuple()), space_group, d_min_angstrom)
    squared_e: Floats = np.where(
        operations.centric_flag_array(unique),
        random.standard_normal(len(unique)) ** 2,
        random.exponential(size=len(unique)),
    )
    squared_e *= operations.epsilon_factor_without_centering_array(unique)
    return _expand(unique, squared_e, operations)


def _expand(unique: Ints, squared_e: Floats, operations: gemmi.GroupOps) -> ReflectionList:
    rotations = [np.array(operation.rot) // operation.DEN for operation in operations.sym_ops]
    copies = np.concatenate([sign * (unique @ rotation) for rotation in rotations for sign in (1, -1)])
    values = np.tile(squared_e, 2 * len(rotations))
    # Reflections on symmetry elements come more than once; keep one of each, in a fixed order.
    _, first = np.unique(_code(copies), return_index=True)
    return ReflectionList(copies[first].astype(np.int32), values[first])


def _code(hkl: Ints) -> Indices:
    """Return one whole number for each index triple, the same for the same triple."""
    span = 2 * int(np.abs(hkl).max()) + 1
    wide = hkl.astype(np.int64)
    code: Indices = (wide[:, 0] * span + wide[:, 1]) * span + wide[:, 2]
    return code


def weaken_odd_l(reflections: ReflectionList, fraction: float) -> ReflectionList:
    """Multiply intensities of odd l by a fraction: a doubled c axis whose two halves differ little."""
    factor = np.where(reflections.hkl[:, 2] % 2 == 0, 1.0, fraction)
    return ReflectionList(reflections.hkl, reflections.normalized_intensity * factor)
