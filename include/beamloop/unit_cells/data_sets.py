"""A data set as far as its cell matters, and what is told beside it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DataSet:
    """One crystal's cell and where it came from; None and "" where nothing is known."""

    cell: tuple[float, ...]  # (98.335, 98.335, 136.603, 90.0, 90.0, 120.0): angstrom, degrees
    space_group: str = ""  # "H 3"
    path: str = ""  # "/data/sweep_01/integrated.mtz": its MTZ file, or what its cell was read from
    place: str = ""  # "line 17", "crystal 3": where in that file
    mosaicity_deg: float | None = None  # 0.068
    d_max_angstrom: float | None = None  # 68.2: the low-resolution end
    d_min_angstrom: float | None = None  # 3.0
    distance_mm: float | None = None  # 196.8
    wavelength_angstrom: float | None = None  # 0.9763
    first_image: int | None = None  # 1
    last_image: int | None = None  # 12
