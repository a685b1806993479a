"""Which of a run's recorded commands lead to its result, and in which order."""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from beamloop.catalog.stories import StepStory
from beamloop.errors import InvalidInputError
from beamloop.records.plain_text import plain
from beamloop.records.program import ProgramEnd

# What one step hands to the next; logs and summaries are not copied from rung to step.
HANDED_ON = (".expt", ".refl")
OUTPUT_KEYS = ("output.",)


@dataclass(frozen=True, slots=True)
class Command:
    """A program to start again."""

    folder: str  # "index/rung-1"
    argv: tuple[str, ...]
    ended_well: bool  # it exited with 0


@dataclass(frozen=True, slots=True)
class Copy:
    """A result that the step took over from one of its attempts."""

    source: str  # "index/rung-2/indexed.expt"
    target: str  # "index/indexed.expt"


def commands_of(steps: Sequence[StepStory]) -> list[Command | Copy]:
    """Return what repeats a run, in order.

    Of the attempts to index, and of the tries to refine blocks, those that lead to the kept result are
    repeated; where nothing was kept, all of them. Which attempt was kept is told by the files themselves: the
    step's result has the SHA-256 of the attempt's.

    Raises
    ------
    InvalidInputError
        When a command reads a file that none of the commands makes.
    """
    found: list[Command | Copy] = []
    made: set[str] = set()
    for step in steps:
        for item in _of_step(step):
            if isinstance(item, Copy):
                made.add(item.target)
            else:
                _require_inputs(item, made)
                below = item.folder.removeprefix(step.step).strip("/")
                made |= {f"{step.step}/{name}" for name, _ in step.artifacts if _folder(name) == below}
            found.append(item)
    return found


def _of_step(step: StepStory) -> Iterator[Command | Copy]:
    copies = _copies(step)
    needed = _needed_folders(step, {_folder(copy.source) for copy in copies})
    for program in step.programs:
        if program.folder in needed:
            ended_well = program.program_end == ProgramEnd.EXITED.value and program.exit_code == 0
            yield Command(posixpath.join(step.step, program.folder).rstrip("/"), program.argv, ended_well)
    for copy in copies:
        yield Copy(f"{step.step}/{copy.source}", f"{step.step}/{copy.target}")


def _copies(step: StepStory) -> list[Copy]:
    """Return what the step took over from its subfolders, paths below the step's folder."""
    sha256 = {name: stored.sha256 for name, stored in step.artifacts}
    folders = [program.folder for program in step.programs]
    if "" in folders:
        return []
    copies = []
    for name in sorted(name for name in sha256 if "/" not in name and name.endswith(HANDED_ON)):
        sources = [f"{folder}/{name}" for folder in folders]
        same = [source for source in sources if sha256.get(source) == sha256[name]]
        if same:
            copies.append(Copy(same[-1], name))
    return copies


def _needed_folders(step: StepStory, kept: set[str]) -> set[str]:
    """Return the folders whose programs the kept ones build upon, themselves among them."""
    if not kept:
        return {program.folder for program in step.programs}
    needed = set(kept)
    while True:
        read = {
            _folder(path.removeprefix(f"{step.step}/"))
            for program in step.programs
            if program.folder in needed
            for path in _inputs(posixpath.join(step.step, program.folder), program.argv)
            if path.startswith(f"{step.step}/")
        }
        if read <= needed:
            return needed
        needed |= read


def _require_inputs(command: Command, made: set[str]) -> None:
    missing = [path for path in _inputs(command.folder, command.argv) if path not in made]
    if missing:
        raise InvalidInputError(
            f"The run cannot be repeated by DIALS commands alone: {command.argv[0]} in {command.folder} read "
            f"{plain(missing[0])}, which none of them makes.",
            try_next="The file is among the run's artifacts, see `beamloop show COLLECTION SWEEP`; its "
            "commands are there too.",
        )


def _inputs(folder: str, argv: Sequence[str]) -> list[str]:
    """Return the files of the run that a program reads, as paths below the run's directory."""
    pairs = [word.rpartition("=") for word in argv[1:]]
    read = [value for key, _, value in pairs if not key.startswith(OUTPUT_KEYS)]
    whole = [posixpath.normpath(posixpath.join(folder, path)) for path in read]
    return [path for path in whole if path.endswith(HANDED_ON) and not path.startswith(("../", "/"))]


def _folder(name: str) -> str:
    return posixpath.dirname(name)
