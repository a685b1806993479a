"""Read what a person wrote of a sample into a file beside its images."""

import os
import stat
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from beamloop.beamlines.samples import parse_sample
from beamloop.errors import InvalidInputError
from beamloop.records.sample import Sample

SIDECAR_NAME = "beamloop_sample.yaml"
# Two fields and a page of comments; anything larger is another file under this name.
LARGEST_BYTES = 65536


class _Sidecar(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    space_group: str | int | None = None
    unit_cell: str | list[float] | None = None


def read_sidecar(directory: Path) -> Sample | None:
    """Read the sidecar file of a folder of images.

    Parameters
    ----------
    directory
        The folder with the images.

    Returns
    -------
    Sample or None
        None where there is no such file.

    Raises
    ------
    InvalidInputError
        Names file, field and remedy.
    """
    path = directory / SIDECAR_NAME
    try:
        text = _read(path)
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _invalid(path, f"it cannot be read: {getattr(error, 'strerror', None) or error}") from error
    try:
        said = _Sidecar.model_validate(yaml.safe_load(text))
        sample = parse_sample(_text(said.space_group), _text(said.unit_cell))
    except (yaml.YAMLError, RecursionError) as error:
        raise _invalid(path, f"it is not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        # The value itself is left out: it is a stranger's text of any length.
        faults = [f"{'.'.join(map(str, f['loc'])) or 'the file'}: {f['msg']}" for f in error.errors()]
        raise _invalid(path, "; ".join(faults)) from error
    except InvalidInputError as error:
        raise _invalid(path, f"{error.what} {error.try_next}") from error
    if sample == Sample():
        raise _invalid(path, "it says neither space_group nor unit_cell")
    return sample


def _read(path: Path) -> str:
    """Read a regular file of modest size: no pipe that never ends, no link to a stranger's file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("not a regular file")
        content = file.read(LARGEST_BYTES + 1)
    if len(content) > LARGEST_BYTES:
        raise OSError(f"larger than {LARGEST_BYTES} bytes")
    return content.decode("utf-8")


def _text(value: str | int | list[float] | None) -> str | None:
    """Bring the ways to write a value in YAML (146, [98.3, ...]) to that of the shell."""
    if isinstance(value, list):
        return ",".join(map(str, value))
    return None if value is None else str(value)


def _invalid(path: Path, fault: str) -> InvalidInputError:
    return InvalidInputError(
        f"The sample file {SIDECAR_NAME} cannot be used: {fault.rstrip('.')}.",
        evidence=str(path),
        try_next='Write space_group: "H 3" and/or unit_cell: [98.3, 98.3, 136.6, 90, 90, 120] (angstrom, '
        "degrees); docs/operations.md describes the file. Until then the sweeps are processed without it.",
    )
