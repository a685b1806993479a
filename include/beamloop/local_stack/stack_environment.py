"""The `BEAMLOOP_*` variables of a stack, in a file that a shell can source and Python can read."""

import shlex
from collections.abc import Mapping
from pathlib import Path

FILE_NAME = "stack.env"
_HEADER = "# Written by `beamloop up`. In a shell: set -a; . this-file; set +a\n"


def stack_environment_text(variables: Mapping[str, str]) -> str:
    """Write the variables as `NAME='value'` lines."""
    return _HEADER + "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(variables.items()))


def load_stack_environment(state_directory: Path) -> dict[str, str]:
    """Read the variables of the stack in `state_directory`; empty when no stack was ever started there."""
    try:
        text = (state_directory / FILE_NAME).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    assignments = (word.partition("=") for word in shlex.split(text, comments=True))
    return {name: value for name, _, value in assignments}
