"""What a master file and the files that it names hold, without pixels and without leaving their folder."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from beamloop.image_files.faults import NOT_THERE, STILL_WRITTEN, ImageFaultError
from beamloop.image_files.hdf5_file import Elsewhere, OpenHdf5, open_hdf5
from beamloop.image_files.hdf5_frames import Frames, Virtual, frames_at
from beamloop.image_files.hdf5_survey import Survey, image_data_sets, survey_file

# Master, virtual data set in a file of its own, link, data file; two more to spare.
DEEPEST = 6

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MasterContent:
    """What a sweep in HDF5 has on the disk."""

    frame_count: int | None  # 100: images that it will have by its header; None where that says nothing
    numbers: tuple[int, ...]  # (1, 2, ...): images whose pixels are there
    files: dict[str, os.stat_result | None]  # the master first, then all that are named; None: not there
    faults: dict[str, str]  # {"xtal2_1_data_000002.h5": "cut short"}: of the files that are needed
    absent_data_files: tuple[str, ...] = ()  # ("xtal2_1_data_000003.h5",), where images are lacking
    in_one_data_set: bool = True  # so that an image keeps its number when others before it are missing


def read_master(directory: Path, master: str) -> MasterContent:
    """Read a master file and all that it names.

    Parameters
    ----------
    directory
        The sweep's folder. Nothing outside it is opened, whatever the files say.
    master
        The master's name in it.

    Notes
    -----
    The number of images is the length of the axis that turns, which is what DIALS takes; else DECTRIS's
    nimages times ntrigger; else the length of the data set.
    """
    reader = _Reader(directory.resolve())
    reader.add(master, master)
    data_sets = reader.visit(master, lambda opened: image_data_sets(opened.file)) or []
    frames = _one_after_the_other([reader.frames(master, path) for path in data_sets])
    reader.visit_the_others()
    survey = reader.surveys.get(master, Survey())
    count = survey.rotation_count or survey.announced_count or frames.length or None
    numbers = tuple(sorted(frame + 1 for frame in frames.written))
    absent = reader.take_out_absent_data_files()
    # DECTRIS's writer may name more data files than the images fill.
    complete = count is not None and len(numbers) >= count
    in_one = len(data_sets) <= 1
    return MasterContent(count, numbers, reader.files, reader.faults, () if complete else absent, in_one)


def _one_after_the_other(parts: list[Frames | None]) -> Frames:
    """Join data sets; one that is not there is as long as the longest."""
    longest = max((part.length for part in parts if part), default=0)
    written: set[int] = set()
    start = 0
    for part in parts:
        written.update(start + frame for frame in (part.written if part else ()))
        start += part.length if part else longest
    return Frames(start, frozenset(written))


@dataclass(slots=True)
class _Reader:
    """Opens files inside one folder and keeps what is wrong with each."""

    root: Path  # without symbolic links
    files: dict[str, os.stat_result | None] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    surveys: dict[str, Survey] = field(default_factory=dict)
    data_files: set[str] = field(default_factory=set)
    known: dict[tuple[str, str], Frames | None] = field(default_factory=dict)

    def add(self, namer: str, file_name: str) -> str | None:
        """Take up a file that another one names; return its path below the folder, None for one outside.

        Its size and times are those before it is read: what is written meanwhile is seen as a change later.
        """
        path = self.root / Path(namer).parent / file_name
        try:
            resolved = path.resolve()
        except (OSError, RuntimeError, ValueError):  # a loop of links, or a name that no file can have
            resolved = Path("/")
        if self.root not in resolved.parents or not _is_text(file_name):
            self.faults.setdefault(
                namer, f"naming a file outside its folder, which is refused ({file_name!a})"
            )
            return None
        name = file_name if namer == file_name else str(resolved.relative_to(self.root))
        if name not in self.files:
            try:
                self.files[name] = resolved.stat()
            except OSError:
                self.files[name] = None
        return name

    def visit(self, name: str, read: Callable[[OpenHdf5], T]) -> T | None:
        """Open a file and read from it; None, and a fault, where that is not possible."""
        if name not in self.files:
            return None
        try:
            with open_hdf5(self.root / name) as opened:
                self._survey(name, opened)
                return read(opened)
        except ImageFaultError as error:
            self.faults[name] = error.fault
        except FileNotFoundError:
            self.faults[name] = NOT_THERE
        except OSError as error:
            self.faults[name] = f"unreadable ({error.strerror})"
        return None

    def _survey(self, name: str, opened: OpenHdf5) -> None:
        if name in self.surveys:
            return
        if opened.still_written:
            self.faults[name] = STILL_WRITTEN
        self.surveys[name] = survey_file(opened.file)
        for other in self.surveys[name].named_files:
            self.add(name, other)

    def visit_the_others(self) -> None:
        """Open what holds no images too: a mask, say, must be there and name nothing outside."""
        while unseen := [name for name in self.files if name not in self.surveys and name not in self.faults]:
            for name in unseen:
                self.visit(name, lambda _: None)

    def frames(self, name: str | None, path: str, depth: int = 0) -> Frames | None:
        """Return the frames of a data set, wherever links and virtual data sets lead."""
        if name is None or depth > DEEPEST:
            return None
        if (name, path) not in self.known:
            self.data_files.add(name)
            status = self.files[name]
            file_bytes = status.st_size if status else 0
            found = self.visit(name, lambda opened: frames_at(opened.file, path, file_bytes))
            if isinstance(found, Elsewhere):
                found = self.frames(self.add(name, found.file_name), found.path, depth + 1)
            elif isinstance(found, Virtual):
                found = self._virtual(name, found, depth)
            self.known[name, path] = found
        return self.known[name, path]

    def _virtual(self, name: str, data_set: Virtual, depth: int) -> Frames:
        """Return the frames of which every part is written."""
        written: set[int] = set()
        unwritten: set[int] = set()
        for source in data_set.sources:
            place = source.place
            other = name if place.file_name == "." else self.add(name, place.file_name)
            part = self.frames(other, place.path, depth + 1)
            for here, there in zip(source.here, source.there, strict=True):
                (written if part and there in part.written else unwritten).add(here)
        return Frames(data_set.length, frozenset(written - unwritten))

    def take_out_absent_data_files(self) -> tuple[str, ...]:
        """Return data files that are not there, which is no fault: the images that lack tell of them."""
        absent = tuple(n for n in self.files if n in self.data_files and self.faults.get(n) == NOT_THERE)
        for name in absent:
            del self.faults[name]
        return absent


def _is_text(name: str) -> bool:
    """Tell names that are text from bytes that no database column and no log can hold."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
