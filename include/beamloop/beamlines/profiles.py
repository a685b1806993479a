"""Processing profiles and the parameter sets made from them."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from beamloop.errors import InvalidInputError
from beamloop.records.parameters import STEPS, Parameters
from beamloop.records.program import ProgramLimits
from beamloop.records.sample import Sample

OPTION = re.compile(r"[A-Za-z_][\w.]*=[^\x00-\x1f]*")
# Beamloop says where inputs and outputs are; an option must not move them.
RESERVED = re.compile(r"(.*\.)?(input|output|template|directory|hklout|nproc)\b.*=")


class _Profile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    for_merging: bool
    options: dict[str, list[str]]


@cache
def _profiles() -> dict[str, _Profile]:
    text = files("beamloop.beamlines").joinpath("profiles.yaml").read_text("utf-8")
    return TypeAdapter(dict[str, _Profile]).validate_python(yaml.safe_load(text))


def profile_names() -> list[str]:
    """Return the names of the profiles that come with Beamloop."""
    return sorted(_profiles())


def profile_options(profile: str) -> Mapping[str, Sequence[str]]:
    """Return a profile's own options by program; none for a profile that is no more."""
    known = _profiles().get(profile)
    return known.options if known else {}


def parse_settings(settings: Sequence[str]) -> dict[str, list[str]]:
    """Sort `PROGRAM.OPTION=VALUE` texts by program.

    Parameters
    ----------
    settings
        E.g. ["index.indexing.method=fft1d"].

    Returns
    -------
    dict
        E.g. {"index": ["indexing.method=fft1d"]}.

    Raises
    ------
    InvalidInputError
        For an unknown program, a malformed option or one that Beamloop must set itself.
    """
    options: dict[str, list[str]] = {}
    for setting in settings:
        program, _, option = setting.partition(".")
        if program not in STEPS:
            raise InvalidInputError(
                f"{setting!r} does not begin with a program's name.",
                try_next=f"Write PROGRAM.OPTION=VALUE with one of {', '.join(STEPS)}.",
            )
        if not OPTION.fullmatch(option):
            raise InvalidInputError(
                f"{setting!r} holds no OPTION=VALUE after the program's name.",
                try_next="For example: --set index.indexing.method=fft1d",
            )
        if RESERVED.match(option):
            raise InvalidInputError(
                f"{setting!r}: Beamloop sets inputs, outputs and nproc itself.",
                try_next="Leave this option out.",
            )
        options.setdefault(program, []).append(option)
    return options


def make_parameters(
    profile: str, *, settings: Sequence[str] = (), sample: Sample = Sample(), limits: ProgramLimits
) -> Parameters:
    """Make a parameter set: the profile's options, then the settings of a person or a beamline.

    Parameters
    ----------
    profile
        "cells" or "full".
    settings
        Such as "index.indexing.method=fft1d"; they win over the profile's.
    sample
        What is known of the crystals.
    limits
        What one program may use.

    Raises
    ------
    InvalidInputError
        For an unknown profile or a malformed setting.
    """
    if profile not in _profiles():
        raise InvalidInputError(
            f"There is no profile {profile!r}.", try_next=f"Choose one of {', '.join(profile_names())}."
        )
    chosen = _profiles()[profile]
    added = parse_settings(settings)
    return Parameters(
        profile=profile,
        for_merging=chosen.for_merging,
        options={step: (*chosen.options.get(step, ()), *added.get(step, ())) for step in STEPS},
        sample=sample,
        limits=limits,
    )
