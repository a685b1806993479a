"""A step that is killed at one of its ends: before its folder is whole, its upload, or its record."""

from dataclasses import replace
from types import ModuleType

import pytest

# Where a step's own folder gets its name, and those of its predecessors from the store.
SETTLING = ("beamloop.steps.once.settle", "beamloop.steps.fetched_folder.settle")
UPLOAD = "beamloop.steps.once.put_step_file"
ENDS = ("settle", "upload", "record")


def killed(*_: object, **__: object) -> None:
    """Die as a killed process does: nothing handles it."""
    raise KeyboardInterrupt


def kill_at(end: str, stage: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a step of this stage die at one of the ENDS.

    Parameters
    ----------
    end
        One of :data:`ENDS`.
    stage
        The stage's module `stage`.
    monkeypatch
        Takes it back.
    """
    if end == "record":
        monkeypatch.setattr(stage, "STAGE", replace(stage.STAGE, record=killed))
    for place in {"settle": SETTLING, "upload": (UPLOAD,)}.get(end, ()):
        monkeypatch.setattr(place, killed)
