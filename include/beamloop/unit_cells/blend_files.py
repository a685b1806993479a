"""The files that BLEND's users know, in its own layout; figures that are not known are NA.

Source: what BLEND 0.6 writes, see shared/isomorphism.md; xia2's readers of three of them take these.
"""

from collections.abc import Callable, Sequence

import numpy as np

from beamloop.unit_cells.cell_arrays import Floats, as_printed, metric_tensors
from beamloop.unit_cells.data_sets import DataSet
from beamloop.unit_cells.setting import CommonSetting
from beamloop.unit_cells.symmetry import group_of
from beamloop.unit_cells.tree import ClusterTree

CLUSTERS_HEADING = (
    " Cluster     Number of         Cluster         LCV      aLCV   Furthest    Datasets",
    "  Number      Datasets          Height                         Datasets          ID",
)
# BLEND's numbers of the Bravais lattices; its S stands for A, B and C.
BRAVAIS_NUMBERS = {
    name: number
    for number, name in enumerate(
        ("aP", "mP", "mS", "oP", "oS", "oF", "oI", "tP", "tI", "hP", "hH", "cP", "cF", "cI"), start=1
    )
}
SYSTEM_LETTERS = {
    "triclinic": "a",
    "monoclinic": "m",
    "orthorhombic": "o",
    "tetragonal": "t",
    "trigonal": "h",
    "hexagonal": "h",
    "cubic": "c",
}
SUMMARY_COLUMNS = (
    ("CRYSTAL N.", 14),
    ("a         b         c      alpha    beta     gamma", 61),
    ("CELL VOLUME", 13),
    ("MOSAICITY", 13),
    ("RESOLUTION", 16),
    ("DISTANCE", 21),
    ("WAVELENGTH", 13),
)


def clusters_text(tree: ClusterTree, setting: str) -> str:
    """Return CLUSTERS.txt: cluster, data sets, height, LCV %, aLCV A, furthest pair, members.

    Parameters
    ----------
    tree
        Its nodes are the lines.
    setting
        What the cells are in; BLEND leaves the first line empty.
    """
    lines = [f" Setting: {setting}", *CLUSTERS_HEADING, ""]
    for node in tree.nodes:
        first, second = node.furthest
        figures = f"{node.height:7.3f}     {node.lcv_percent:7.2f} {node.alcv_angstrom:9.2f}"
        members = " ".join(str(member) for member in node.members)
        counts = f"     {node.number:03d}           {len(node.members):3d}"
        lines.append(f"{counts}         {figures} {first:5d} {second:4d}    {members}")
    return "\n".join(lines) + "\n"


def final_list_text(data_sets: Sequence[DataSet]) -> str:
    """Return FINAL_list_of_files.dat: path, serial number, last image kept, first, last, resolution in A.

    Nothing is left out for radiation damage: the last image kept is the last.
    """
    lines = []
    for serial, data_set in enumerate(data_sets, start=1):
        images = " ".join(
            _number(image, 5, 0) for image in (data_set.last_image, data_set.first_image, data_set.last_image)
        )
        resolution = _number(data_set.d_min_angstrom, 6, 3)
        lines.append(f"{_one_word(data_set.path):<130} {serial:5d} {images} {resolution}")
    return "\n".join(lines) + "\n"


def mtz_names_text(data_sets: Sequence[DataSet]) -> str:
    """Return mtz_names.dat: one MTZ file a line, ready for `blend -a`; data sets without one are left out."""
    return "".join(f"{_one_line(item.path)}\n" for item in data_sets if item.path.endswith(".mtz"))


def summary_text(data_sets: Sequence[DataSet], setting: CommonSetting) -> str:
    """Return BLEND_SUMMARY.txt: a table per Bravais lattice; the cells are those of the common setting."""
    lattices: dict[str, list[int]] = {}
    for place, data_set in enumerate(data_sets):
        lattices.setdefault(bravais_lattice(data_set.space_group), []).append(place)
    title = " SUMMARY INFORMATION ON ALL CRYSTALS "
    stars = "********* ********* *********"
    parts = [f"\n{stars}{title}{stars}\n\n Setting: {setting.name}\n"]
    for lattice in sorted(lattices, key=lambda name: BRAVAIS_NUMBERS.get(name, len(BRAVAIS_NUMBERS) + 1)):
        number = BRAVAIS_NUMBERS.get(lattice, "NA")
        rows = [_summary_row(place, data_sets[place], setting.cells) for place in lattices[lattice]]
        parts.append("\n".join([f"         BRAVAIS LATTICE NUMBER {number}: ({lattice})\n", *_framed(rows)]))
    return "\n\n".join(parts) + "\n"


def bravais_lattice(space_group: str) -> str:
    """Return a Bravais lattice in BLEND's names, such as "oP", "mS", "hH"; "not known" where it is not.

    Parameters
    ----------
    space_group
        Hermann-Mauguin or Hall symbol, or empty.
    """
    group = group_of(space_group)
    if group is None:
        return "not known"
    letter = SYSTEM_LETTERS[group.crystal_system_str()]
    centring = "H" if group.ext in ("H", "R") else str(group.hm[0])
    if letter == "a":
        return "aP"
    return letter + ("S" if centring in "ABC" or (letter == "m" and centring != "P") else centring)


def _summary_row(place: int, data_set: DataSet, cells: Floats) -> str:
    a, b, c, alpha, beta, gamma = as_printed(cells[[place]])[0]
    volume = float(np.sqrt(np.linalg.det(metric_tensors(cells[[place]])[0])))
    cell = f"{a:10.3f}{b:10.3f}{c:10.3f}{alpha:9.2f}{beta:9.2f}{gamma:9.2f}    "
    resolution = f"{_number(data_set.d_max_angstrom, 7, 3)} {_number(data_set.d_min_angstrom, 7, 3)}"
    fields = (
        f"  {place + 1:10d}  ",
        cell,
        f" {volume:11.2f} ",
        f"{_number(data_set.mosaicity_deg, 11, 5)}  ",
        f"{resolution} ",
        f"       {_number(data_set.distance_mm, 7, 2)}       ",
        f"{_number(data_set.wavelength_angstrom, 10, 5)}   ",
    )
    return "|".join(fields) + "|"


def _framed(rows: Sequence[str]) -> list[str]:
    rule = "|".join("=" * width for _, width in SUMMARY_COLUMNS) + "|"
    heading = "|".join(words.center(width) for words, width in SUMMARY_COLUMNS) + "|"
    return [rule, heading, rule, *rows, rule]


def _number(value: float | None, width: int, digits: int) -> str:
    return f"{'NA':>{width}}" if value is None else f"{value:{width}.{digits}f}"


def _one_word(path: str) -> str:
    """Return a path that reads as one column; blanks would make two of it."""
    return _escaped(path, lambda c: c.isprintable() and not c.isspace()) or "NA"


def _one_line(path: str) -> str:
    return _escaped(path, str.isprintable)


def _escaped(text: str, fits: Callable[[str], bool]) -> str:
    return "".join(c if fits(c) else f"\\x{ord(c):02x}" for c in text)
