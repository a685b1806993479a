"""Which frames of a data set are written, by its chunks; no pixel is read."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from beamloop.image_files.faults import ImageFaultError
from beamloop.image_files.hdf5_file import Elsewhere, find_own

if TYPE_CHECKING:
    import h5py

# Ten turns at 0.02 deg have 180 000 images.
MOST_FRAMES = 200_000

Selection = range | list[int]


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames along the first axis of a data set."""

    length: int  # 100: as the data set is declared
    written: frozenset[int] = frozenset()  # {0, 1, ...}: those whose bytes are in a file


@dataclass(frozen=True, slots=True)
class Source:
    """Where frames of a virtual data set come from, one for one."""

    place: Elsewhere  # its file "." is the same file
    here: Selection  # frames of the virtual data set
    there: Selection  # frames of the source


@dataclass(frozen=True, slots=True)
class Virtual:
    """A virtual data set."""

    length: int  # 100
    sources: tuple[Source, ...]


def frames_at(file: h5py.File, path: str, file_bytes: int) -> Frames | Virtual | Elsewhere | None:
    """Find out which frames of a data set are there, or where to go on looking.

    Parameters
    ----------
    file
        An open file.
    path
        E.g. "/entry/data/data".
    file_bytes
        The file's length.

    Returns
    -------
    Frames, Virtual, Elsewhere or None
        None when there is no such data set.

    Raises
    ------
    ImageFaultError
        When the data set cannot be one of images.
    """
    import h5py

    found = find_own(file, path)
    if not isinstance(found, h5py.Dataset):
        return found if isinstance(found, Elsewhere) else None
    if found.ndim < 2 or found.shape[0] > MOST_FRAMES:
        raise ImageFaultError(f"an HDF5 file whose data are no images but of shape {found.shape}")
    if found.is_virtual:
        return Virtual(found.shape[0], tuple(map(_source, found.virtual_sources())))
    return _written(found, file_bytes)


def _written(dataset: h5py.Dataset, file_bytes: int) -> Frames:
    """Find the frames whose every chunk lies in the file.

    A writer may declare all frames first and write them one by one; a file that is being copied is shorter
    than its chunks say.
    """
    length = dataset.shape[0]
    if dataset.chunks is None:
        start = dataset.id.get_offset()
        whole = start is not None and start + dataset.id.get_storage_size() <= file_bytes
        return Frames(length, frozenset(range(length) if whole else ()))
    depth, *chunk_sizes = dataset.chunks
    chunks_of_frame = math.prod(
        -(-size // chunk) for size, chunk in zip(dataset.shape[1:], chunk_sizes, strict=True)
    )
    found: Counter[int] = Counter()

    def count(chunk: h5py.h5d.StoreInfo) -> None:
        found[chunk.chunk_offset[0]] += chunk.byte_offset + chunk.size <= file_bytes

    dataset.id.chunk_iter(count)
    starts = (start for start, number in found.items() if number == chunks_of_frame)
    frames = (frame for start in starts for frame in range(start, min(start + depth, length)))
    return Frames(length, frozenset(frames))


def _source(mapping: h5py.VDSmap) -> Source:
    import h5py

    here = _selected(mapping.vspace)
    # A source that is taken whole need not have been there when it was named: its space has no size.
    whole = mapping.src_space.get_select_type() == h5py.h5s.SEL_ALL
    there = range(len(here)) if whole else _selected(mapping.src_space)
    if len(here) != len(there) or "%b" in mapping.file_name:
        raise ImageFaultError("an HDF5 file whose virtual data set is too irregular to be checked")
    return Source(Elsewhere(mapping.file_name, mapping.dset_name), here, there)


def _selected(space: h5py.h5s.SpaceID) -> Selection:
    import h5py

    if space.get_select_type() == h5py.h5s.SEL_ALL:
        return range(space.shape[0])
    start, stride, count, block = (numbers[0] for numbers in space.get_regular_hyperslab())
    if count * block > MOST_FRAMES:  # as it is of a selection without end
        raise ImageFaultError("an HDF5 file whose virtual data set has no end")
    return [start + number * stride + frame for number in range(count) for frame in range(block)]
