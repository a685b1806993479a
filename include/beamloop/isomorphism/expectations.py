"""What a collection's cells are expected to be: the suite, in words and numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from beamloop.records.isomorphism import Severity
from beamloop.unit_cells.enough import PER_PARAMETER
from beamloop.unit_cells.outliers import ROBUST_Z_LIMIT

LENGTHS = ("a_angstrom", "b_angstrom", "c_angstrom")
ANGLES = ("alpha_deg", "beta_deg", "gamma_deg")
COLUMNS = (
    "sweep",
    "run",
    "crystal",
    "serial",
    "standing",
    "judged_sweep",
    "group",
    "space_group",
    *LENGTHS,
    *ANGLES,
    "length_misfit_percent",
    "angle_misfit_deg",
    "reflections_per_parameter",
    "robust_z",
    "members_lcv_percent",
)

# Copper has 3.6 angstrom, and no crystal of a beamline for macromolecules is smaller; the largest virus
# crystals come to about 1300.
LENGTH_RANGE_ANGSTROM = (3.0, 2000.0)
# A reduced cell has angles of 60 to 120 degrees, the conventional monoclinic ones of up to 150 are rare.
ANGLE_RANGE_DEG = (40.0, 150.0)
# BLEND reads lengths to 0.001 and angles to 0.01: five units of the last digit of a cell of 10 angstrom.
LARGEST_LENGTH_MISFIT_PERCENT = 0.05
LARGEST_ANGLE_MISFIT_DEG = 0.05
# Of two crystals that differ nobody can say which one stands out.
FEWEST_SWEEPS = 3


@dataclass(frozen=True, slots=True)
class Expected:
    """One expectation of the suite."""

    name: str  # "robust_z"
    severity: Severity
    description: str  # "No cell stands out by more than 5 robust deviations."
    kind: str  # "ExpectColumnValuesToBeBetween": the class of Great Expectations
    arguments: Mapping[str, object] = field(default_factory=dict)


def expected_of_cells(space_group: str, limit_percent: float) -> Sequence[Expected]:
    """Return the suite for one collection.

    Parameters
    ----------
    space_group
        The one that most of its crystals have.
    limit_percent
        The largest LCV, in percent, of crystals that belong together.
    """
    return (*_schema(), *_ranges(), *_symmetry(space_group), _support(), *_isomorphism(limit_percent))


def _schema() -> Sequence[Expected]:
    return (
        Expected("columns", Severity.CRITICAL, "The table of cells has all its columns.",
                 "ExpectTableColumnsToMatchSet", {"column_set": list(COLUMNS), "exact_match": True}),
        Expected("crystals_once", Severity.CRITICAL, "Each crystal of a run stands in the table once.",
                 "ExpectCompoundColumnsToBeUnique", {"column_list": ["run", "crystal"]}),
        *(Expected(f"{column}_is_number", Severity.CRITICAL, f"{column} is a number.",
                   "ExpectColumnValuesToNotBeNull", {"column": column}) for column in (*LENGTHS, *ANGLES)),
    )  # fmt: skip


def _ranges() -> Sequence[Expected]:
    limits = {**dict.fromkeys(LENGTHS, LENGTH_RANGE_ANGSTROM), **dict.fromkeys(ANGLES, ANGLE_RANGE_DEG)}
    return tuple(
        _between(f"{column}_in_range", Severity.CRITICAL,
                 f"{column} is between {low:g} and {high:g}.", column, low, high)
        for column, (low, high) in limits.items()
    )  # fmt: skip


def _symmetry(space_group: str) -> Sequence[Expected]:
    length, angle = LARGEST_LENGTH_MISFIT_PERCENT, LARGEST_ANGLE_MISFIT_DEG
    return (
        Expected("one_space_group", Severity.WARNING, f"All crystals have the space group {space_group}.",
                 "ExpectColumnValuesToBeInSet", {"column": "space_group", "value_set": [space_group]}),
        _between("lengths_obey_symmetry", Severity.CRITICAL,
                 f"The axes obey the space group to {length:g} %.", "length_misfit_percent", None, length),
        _between("angles_obey_symmetry", Severity.CRITICAL,
                 f"The angles obey the space group to {angle:g} degrees.", "angle_misfit_deg", None, angle),
    )  # fmt: skip


def _support() -> Expected:
    return _between(
        "enough_reflections", Severity.WARNING,
        f"Each cell rests on {PER_PARAMETER} reflections or more for each parameter of orientation and cell.",
        "reflections_per_parameter", PER_PARAMETER, None)  # fmt: skip


def _isomorphism(limit_percent: float) -> Sequence[Expected]:
    return (
        _between("robust_z", Severity.WARNING,
                 f"No cell stands out by more than {ROBUST_Z_LIMIT:g} robust deviations of a face diagonal.",
                 "robust_z", None, ROBUST_Z_LIMIT),
        Expected("lcv_within_limit", Severity.WARNING,
                 f"The LCV of all that is not set aside is at most {limit_percent:g} %.",
                 "ExpectColumnMaxToBeBetween",
                 {"column": "members_lcv_percent", "max_value": limit_percent}),
        Expected("enough_sweeps", Severity.WARNING, f"{FEWEST_SWEEPS} sweeps or more can be compared.",
                 "ExpectColumnUniqueValueCountToBeBetween",
                 {"column": "judged_sweep", "min_value": FEWEST_SWEEPS}),
    )  # fmt: skip


def _between(
    name: str, severity: Severity, description: str, column: str, low: float | None, high: float | None
) -> Expected:
    limits = {"min_value": low, "max_value": high}
    arguments = {"column": column} | {key: value for key, value in limits.items() if value is not None}
    return Expected(name, severity, description, "ExpectColumnValuesToBeBetween", arguments)
