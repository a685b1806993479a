"""How a calibration that failed is asked for again, in the words of messages, commands and pages."""

import shlex
from collections.abc import Collection

from beamloop.records.plain_text import plain_line


def how_to_repeat(beamline: str, collections: Collection[str]) -> str:
    """Say that a failed metrology rests until there are new data, and how a person has it done before.

    Parameters
    ----------
    beamline
        Whose detector.
    collections
        Names of those that its sweeps were of. A single one is named: its sweeps may be older than the week
        that is taken otherwise.
    """
    words = ["beamloop", "metrology", "run", "--beamline", beamline]
    if len(set(collections)) == 1:
        words += ["--collection", plain_line(next(iter(collections)))]
    return (
        "It is not tried again by itself before a new sweep is processed: the same data would fail the same "
        f"way. When the cause is mended: `{shlex.join([*words, '--again'])}`."
    )
