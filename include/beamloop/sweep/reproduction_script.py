"""The words of a shell script that repeats a run."""

import posixpath
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from beamloop.catalog.stories import StepStory
from beamloop.dials_cli.environment import FILTERS, filter_folder
from beamloop.records.images import MasterImages
from beamloop.records.plain_text import plain_line
from beamloop.records.run import Run
from beamloop.sweep.commands import Command, Copy
from beamloop.sweep.import_master import LINKS

RUN_FUNCTION = """\
run() {
    folder=$1
    shift
    mkdir -p "$folder"
    echo "$folder: $1"
    if ! (cd "$folder" && exec "$@") >"$folder/$1.out" 2>&1; then
        echo "$1 failed, see $folder/$1.out" >&2
        return 1
    fi
}"""


@dataclass(frozen=True, slots=True)
class PastRun:
    """What is recorded of a run."""

    run: Run
    steps: tuple[StepStory, ...]
    manifest: Mapping[str, Any]  # as beamloop.sweep.manifest writes it


def write_script(past: PastRun, commands: Sequence[Command | Copy]) -> str:
    """Write the script, for /bin/sh; every word that came from outside is quoted.

    Parameters
    ----------
    past
        The run.
    commands
        What is to be done again, in order.
    """
    sections = (
        _head(past),
        _checks(past),
        [RUN_FUNCTION, ""],
        _links(past),
        map(_line, _local(past, commands)),
    )
    return "\n".join(line for section in sections for line in section) + "\n"


def _head(past: PastRun) -> Iterator[str]:
    run = past.run
    yield "#!/bin/sh"
    yield f"# Repeats run {run.run_id} of sweep {plain_line(run.sweep_name)} with plain DIALS commands."
    yield f"# Images: {plain_line(str(run.images.directory))}"
    if run.outcome:
        yield f"# It ended as {run.outcome.code.value}: {plain_line(run.outcome.sentence)}"
    yield "# Start it in an empty folder, with DIALS on the PATH."
    yield "set -eu"
    yield ""
    for name, value in sorted(past.manifest["environment"].items()):
        yield f"export {name}={shlex.quote(value)}"
    if isinstance(run.images, MasterImages):
        yield f"export {FILTERS}={shlex.quote(filter_folder())}"
    yield ""


def _checks(past: PastRun) -> Iterator[str]:
    names = " ".join([*(step.step for step in past.steps), LINKS])
    yield f"for name in {names}; do"
    yield '    if [ -e "$name" ] || [ -L "$name" ]; then'
    yield '        echo "$name is here already: start this script in an empty folder." >&2'
    yield "        exit 1"
    yield "    fi"
    yield "done"
    version = past.manifest["versions"]["dials"]
    # dials.version says two numbers of a release, "DIALS 3.12".
    series = shlex.quote("DIALS " + ".".join(version.split(".")[:2]))
    yield 'case "$(dials.version 2>/dev/null | head -n 1)" in'
    yield f"{series} | {series}[!0-9]*) ;;"
    yield f"*) echo {shlex.quote(f'This is not DIALS {version}: figures may differ.')} >&2 ;;"
    yield "esac"
    yield ""


def _is_linked(run: Run, word: str) -> bool:
    return f"/{run.place}/{LINKS}/" in word


def _links(past: PastRun) -> Iterator[str]:
    """Make the links with plain names, where the images' own names are such that DIALS cannot parse them."""
    first = next((program for step in past.steps for program in step.programs), None)
    words = [word for word in (first.argv if first else ()) if _is_linked(past.run, word)]
    images = past.run.images
    if not words:
        return
    name = posixpath.basename(words[0])
    yield f"mkdir {LINKS}"
    if isinstance(images, MasterImages):
        yield f"ln -s {shlex.quote(str(images.master_path))} {shlex.quote(f'{LINKS}/{name}')}"
        return
    for number, path in zip(images.numbers, images.paths(), strict=True):
        digits = f"{number:06d}"
        link = name.replace("######", digits) if "######" in name else f"image_{digits}{images.suffix}"
        yield f"ln -s {shlex.quote(str(path))} {shlex.quote(f'{LINKS}/{link}')}"


def _local(past: PastRun, commands: Sequence[Command | Copy]) -> Iterator[Command | Copy]:
    """Let commands that read the run's own links read the script's."""
    for command in commands:
        if isinstance(command, Command):
            argv = tuple(_local_word(past.run, word) for word in command.argv)
            yield Command(command.folder, argv, command.ended_well)
        else:
            yield command


def _local_word(run: Run, word: str) -> str:
    if not _is_linked(run, word):
        return word
    key, equals, value = word.rpartition("=")
    return f"{key}{equals}../{LINKS}/{posixpath.basename(value)}"


def _line(command: Command | Copy) -> str:
    if isinstance(command, Copy):
        return f"cp {shlex.quote(command.source)} {shlex.quote(command.target)}"
    words = " ".join(map(shlex.quote, (command.folder, *command.argv)))
    # It failed then too; what follows does not need it.
    return f"run {words}" if command.ended_well else f"run {words} || :"
