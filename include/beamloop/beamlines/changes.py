"""From the parameters of one run to those of the next, and how two runs' parameters differ."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from beamloop.beamlines.profiles import make_parameters, parse_settings, profile_options
from beamloop.beamlines.samples import checked_sample, parse_space_group, parse_unit_cell
from beamloop.records.parameters import STEPS, Parameters
from beamloop.records.program import ProgramLimits
from beamloop.records.sample import Sample

FORGET = "none"


@dataclass(frozen=True, slots=True)
class Changes:
    """What a person wants otherwise; None and () leave things as they were."""

    space_group: str | None = None  # "H 3", or "none" to know no longer
    unit_cell: str | None = None  # "98.3,98.3,136.6,90,90,120", or "none"
    profile: str | None = None  # "full"
    settings: tuple[str, ...] = ()  # ("index.indexing.method=fft1d",)


def own_settings(parameters: Parameters) -> dict[str, list[str]]:
    """Return the options that a person or a beamline added to the profile's, by program."""
    profile = profile_options(parameters.profile)
    own = {
        step: [o for o in parameters.options.get(step, ()) if o not in profile.get(step, ())]
        for step in STEPS
    }
    return {step: options for step, options in own.items() if options}


def change_parameters(old: Parameters, changes: Changes, limits: ProgramLimits) -> Parameters:
    """Return a parameter set with some changes.

    A setting takes the place of an earlier one of the same name, so that saying it twice is the same work.

    Parameters
    ----------
    old
        Of the earlier run.
    changes
        What is to be otherwise.
    limits
        What one program may use now.

    Raises
    ------
    InvalidInputError
        When a change cannot be meant, or the space group and the cell that come out contradict each other.
    """
    options = own_settings(old)
    for step, added in parse_settings(changes.settings).items():
        for option in added:
            _put_option(options.setdefault(step, []), option)
    settings = [f"{step}.{option}" for step in STEPS for option in options.get(step, ())]
    sample = change_sample(old.sample, changes)
    return make_parameters(changes.profile or old.profile, settings=settings, sample=sample, limits=limits)


def change_sample(old: Sample, changes: Changes) -> Sample:
    """Return what is known of a sample with some changes.

    Raises
    ------
    InvalidInputError
        As :func:`change_parameters`.
    """
    symbol, cell = old.space_group, old.unit_cell
    if changes.space_group is not None:
        forget = changes.space_group.strip().lower() == FORGET
        symbol = None if forget else parse_space_group(changes.space_group)
    if changes.unit_cell is not None:
        forget = changes.unit_cell.strip().lower() == FORGET
        cell = None if forget else parse_unit_cell(changes.unit_cell)
    return checked_sample(symbol, cell)


def _put_option(options: list[str], option: str) -> None:
    name = option.partition("=")[0]
    places = [at for at, there in enumerate(options) if there.partition("=")[0] == name]
    if places:
        options[places[-1]] = option
    else:
        options.append(option)


def differences(old: Parameters, new: Parameters) -> list[str]:
    """Say how one parameter set differs from an earlier one, a few words for each difference.

    Returns
    -------
    list of str
        E.g. ["space group none → H 3", "+ index.indexing.method=fft1d"]; empty when they are the same.
    """
    pairs = (
        ("profile", old.profile, new.profile),
        ("space group", old.sample.space_group, new.sample.space_group),
        ("cell", old.sample.unit_cell, new.sample.unit_cell),
        ("siblings", old.siblings and old.siblings.count, new.siblings and new.siblings.count),
        *_limit_pairs(old.limits, new.limits),
    )
    words = [f"{name} {before or 'none'} → {now or 'none'}" for name, before, now in pairs if before != now]
    return words + _setting_differences(own_settings(old), own_settings(new))


def _limit_pairs(old: ProgramLimits, new: ProgramLimits) -> list[tuple[str, str, str]]:
    before, now = _limits(old), _limits(new)
    return [(f"limit {name}", f"{before[name]:g}", f"{now[name]:g}") for name in now]


def _limits(limits: ProgramLimits) -> dict[str, float]:
    values: dict[str, float] = asdict(limits)
    values["memory_gb"] = values.pop("memory_bytes") / 1024**3
    return values


def _setting_differences(old: dict[str, list[str]], new: dict[str, list[str]]) -> list[str]:
    def flat(options: dict[str, list[str]]) -> Sequence[str]:
        return [f"{step}.{option}" for step in STEPS for option in options.get(step, ())]

    before, now = flat(old), flat(new)
    gone = [f"- {setting}" for setting in before if setting not in now]
    return gone + [f"+ {setting}" for setting in now if setting not in before]
