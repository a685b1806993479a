"""Go through all objects of one HDF5 file: which other files it names, how many images it announces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from beamloop.image_files.faults import ImageFaultError

if TYPE_CHECKING:
    import h5py

# The master file of an Eiger 16M has about 300 objects, 128 modules of a larger one 4000.
MOST_OBJECTS = 50_000


@dataclass(frozen=True, slots=True)
class Survey:
    """What one file says without its pixels."""

    named_files: tuple[str, ...] = ()  # ("xtal2_1_data_000001.h5",): as written, in the order of their links
    rotation_count: int | None = None  # 100: length of the axis that turns
    announced_count: int | None = None  # 100: images for each trigger times triggers


def survey_file(file: h5py.File) -> Survey:
    """Read links, virtual data sets and counts; no link is followed and no pixel is read.

    Parameters
    ----------
    file
        An open file.

    Raises
    ------
    ImageFaultError
        When a data set keeps its values in raw files (of any format, so reading it could show any file), or
        there are too many objects.

    Notes
    -----
    Source: NXmx, where each axis of the sample has an attribute transformation_type; DECTRIS's
    detectorSpecific/nimages and ntrigger.
    """
    import h5py

    named: dict[str, None] = {}  # in order
    rotation_counts, numbers = [], {}
    for path, found in _objects(file):
        if isinstance(found, h5py.ExternalLink):
            named[found.filename] = None
        elif isinstance(found, h5py.Dataset):
            if found.external:
                raise ImageFaultError("keeping its data in raw files, which is refused")
            if found.is_virtual:
                sources = (source.file_name for source in found.virtual_sources())
                named |= dict.fromkeys(name for name in sources if name != ".")
            elif _is_rotation(found):
                rotation_counts.append(found.shape[0])
            elif path.endswith(("/detectorSpecific/nimages", "/detectorSpecific/ntrigger")):
                numbers[path.rpartition("/")[2]] = _number(found)
    images = numbers.get("nimages")
    announced = images * (numbers.get("ntrigger") or 1) if images else None
    return Survey(tuple(named), max(rotation_counts, default=None), announced)


def _objects(file: h5py.File) -> Iterator[tuple[str, h5py.Dataset | h5py.ExternalLink]]:
    """Return data sets and external links with their paths, each object once whatever leads to it."""
    import h5py

    ahead, met, count = [("", file["/"])], set(), 0
    while ahead:
        place, group = ahead.pop()
        for name in group:
            count += 1
            if count > MOST_OBJECTS:
                raise ImageFaultError(f"an HDF5 file of more than {MOST_OBJECTS} objects")
            link = group.get(name, getlink=True)
            path = f"{place}/{name}"
            if isinstance(link, h5py.ExternalLink):
                yield path, link
            if not isinstance(link, h5py.HardLink):
                continue
            found = group[name]
            address = h5py.h5o.get_info(found.id).addr
            if address in met:
                continue
            met.add(address)
            if isinstance(found, h5py.Group):
                ahead.append((path, found))
            elif isinstance(found, h5py.Dataset):
                yield path, found


def _is_rotation(dataset: h5py.Dataset) -> bool:
    """Tell an axis that turns from one that stands still."""
    if dataset.ndim != 1 or dataset.shape[0] < 2:
        return False
    return dataset.attrs.get("transformation_type") in ("rotation", b"rotation")


def _number(dataset: h5py.Dataset) -> int | None:
    if dataset.size != 1 or dataset.dtype.kind not in "iu":
        return None
    return int(dataset[()].item() if dataset.ndim == 0 else dataset[0])


def image_data_sets(file: h5py.File) -> list[str]:
    """Return the path of the data set that holds the images, or of those that hold them one after the other.

    Parameters
    ----------
    file
        An open master file.

    Returns
    -------
    list of str
        ["/entry/data/data"], or ["/entry/data/data_000001", ...] as DECTRIS names them; what is an external
        link counts too. Empty when there is nothing of the kind.
    """
    entry = _child(file["/"], "NXentry", "entry")
    group = _child(entry, "NXdata", "data") if entry else None
    if group is None:
        return []
    if "data" in list(group):
        return [f"{group.name}/data"]
    return [f"{group.name}/{name}" for name in sorted(group) if name.startswith("data_")]


def _child(parent: h5py.Group, nexus_class: str, usual_name: str) -> h5py.Group | None:
    """Return the first group of a NeXus class, else the one with the usual name."""
    import h5py

    own = [name for name in parent if isinstance(parent.get(name, getlink=True), h5py.HardLink)]
    groups = [found for name in own if isinstance(found := parent[name], h5py.Group)]
    classes = (nexus_class, nexus_class.encode())
    fitting = [group for group in groups if group.attrs.get("NX_class") in classes]
    usual = [group for group in groups if group.name.rpartition("/")[2] == usual_name]
    return next(iter(fitting + usual), None)
