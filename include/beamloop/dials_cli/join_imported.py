"""Put imported experiments of one sweep into one list."""

import json
from collections.abc import Sequence
from pathlib import Path

from beamloop.errors import InvalidInputError

# What the blocks of a sweep share, as they do where DIALS finds the blocks by itself.
SHARED = ("beam", "detector", "goniometer")


def join_imported(blocks: Sequence[Path], joined: Path) -> None:
    """Write one experiment list of several, with the first one's beam, detector and goniometer.

    Parameters
    ----------
    blocks
        `.expt` files of dials.import with one experiment each, of one sweep.
    joined
        The file to write.

    Raises
    ------
    InvalidInputError
        When a file holds anything but one experiment.

    Notes
    -----
    dials.import 3.12 takes one range of images, and dials.combine_experiments demands reflections. From
    numbered files with a gap dials.import makes the same list by itself.
    """
    documents = [json.loads(path.read_bytes()) for path in blocks]
    for path, document in zip(blocks, documents, strict=True):
        if any(len(document[kind]) != 1 for kind in ("experiment", "scan", "imageset", *SHARED)):
            raise InvalidInputError(
                f"{path} is not one experiment of one scan.",
                evidence=str(path),
                try_next="See with `dials.show` what is in the file: each block is to be one sweep's images.",
            )
    first, *others = documents
    for number, document in enumerate(others, start=1):
        (experiment,) = document["experiment"]
        first["experiment"].append(experiment | {"scan": number, "imageset": number})
        for kind in ("scan", "imageset"):
            first[kind] += document[kind]
    joined.write_text(json.dumps(first, indent=2), "utf-8")
