"""Which of a run's recorded commands lead to its result, and in which order."""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from beamloop.catalog.stories import ProgramStart, StepStory
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

    Of the attempts to index or to integrate, and of the tries to refine blocks, those that lead to the kept
    result are repeated; where nothing was kept, all of them. Which attempt was kept is told by the files
    themselves: what a folder took over from one below it has the SHA-256 of the file there.

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
                made |= _made_by(item, step)
            found.append(item)
    return found


def _made_by(command: Command, step: StepStory) -> set[str]:
    below = command.folder.removeprefix(step.step).strip("/")
    names = (name for name, _ in step.artifacts if _folder(name) == below)
    return {f"{step.step}/{name}" for name in names} if command.ended_well else set()


def _of_step(step: StepStory) -> Iterator[Command | Copy]:
    copies = _copies(step)
    needed = _needed_folders(step, copies)
    programs = [program for program in step.programs if program.folder in needed]
    for number, program in enumerate(programs):
        folder = posixpath.join(step.step, program.folder).rstrip("/")
        yield Command(folder, program.argv, _ended_well(program))
        if any(later.folder == program.folder for later in programs[number + 1 :]):
            continue
        for copy in copies:
            if _folder(copy.source) == program.folder:
                yield Copy(f"{step.step}/{copy.source}", f"{step.step}/{copy.target}")


def _ended_well(program: ProgramStart) -> bool:
    return program.program_end == ProgramEnd.EXITED.value and program.exit_code == 0


def _copies(step: StepStory) -> list[Copy]:
    """Return what folders took over from those below them, paths below the step's folder."""
    sha256 = {name: stored.sha256 for name, stored in step.artifacts if name.endswith(HANDED_ON)}
    makers = dict.fromkeys(program.folder for program in step.programs if _ended_well(program))
    copies = []
    for target in sorted(name for name in sha256 if _folder(name) not in makers):
        sources = [
            name
            for folder in makers
            for name in sha256
            if _folder(name) == folder and _is_below(folder, _folder(target))
            if sha256[name] == sha256[target] and _suffix(name) == _suffix(target)
        ]
        if sources:
            copies.append(Copy(sources[-1], target))
    return copies


def _needed_folders(step: StepStory, copies: Sequence[Copy]) -> set[str]:
    """Return the folders whose programs the kept ones build upon, themselves among them."""
    source_of = {f"{step.step}/{copy.target}": _folder(copy.source) for copy in copies}
    needed = {_folder(copy.source) for copy in copies if not _folder(copy.target)}
    if not needed:
        return {program.folder for program in step.programs}
    while True:
        read = {
            source_of.get(path, _folder(path.removeprefix(f"{step.step}/")))
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


def _suffix(name: str) -> str:
    return posixpath.splitext(name)[1]


def _is_below(folder: str, other: str) -> bool:
    return folder != other and (not other or folder.startswith(f"{other}/"))
