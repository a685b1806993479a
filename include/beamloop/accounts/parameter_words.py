"""Parameter sets in plain words."""

from collections.abc import Iterator

from beamloop.beamlines.changes import own_settings
from beamloop.records.parameters import STEPS, Parameters


def describe_parameters(parameters: Parameters) -> str:
    """Say a parameter set in one line, without what the profile says by itself."""
    own = own_settings(parameters)
    settings = [f"{step}.{option}" for step in STEPS for option in own.get(step, ())]
    known = f"sample: {parameters.sample}"
    return "; ".join([f"profile {parameters.profile}", known, *settings, *_second_chance(parameters)])


def _second_chance(parameters: Parameters) -> Iterator[str]:
    if parameters.siblings:
        yield f"second chance: with the cell of {parameters.siblings.count} siblings"
