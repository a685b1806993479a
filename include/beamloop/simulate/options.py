"""Turn a person's wishes into a plan: everything `beamloop simulate` can change of a preset."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle, islice

from beamloop.errors import InvalidInputError
from beamloop.records.sample import UnitCell
from beamloop.simulate.plan import CollectionPlan, DetectorPlan, SweepPlan
from beamloop.simulate.presets import PRESETS

_MISSING = re.compile(r"(?P<sweep>[^:]+):(?P<numbers>\d+(-\d+)?(,\d+(-\d+)?)*)")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked for; None leaves the preset's value."""

    preset: str = "teha12"
    seed: int = 1
    sweeps: int | None = None  # 4
    images: int | None = None  # 12, of each sweep
    missing: Sequence[str] = ()  # ("xtal2_1:5-6,9",)
    model: str | None = None  # "6M"
    distance_offset_mm: float | None = None
    beam_offset_px: tuple[float, float] | None = None
    tilt_mrad: tuple[float, float] | None = None
    module_shift_rms_um: float | None = None
    space_group: str | None = None  # "P 43 21 2"
    unit_cell: UnitCell | None = None


def plan_for(wishes: Wishes) -> CollectionPlan:
    """Return the preset's plan, changed as asked.

    Raises
    ------
    InvalidInputError
        For an unknown preset, or a number that cannot be.
    """
    if wishes.preset not in PRESETS:
        raise InvalidInputError(
            f"There is no preset {wishes.preset!r}.", try_next=f"Choose one of {', '.join(PRESETS)}."
        )
    plan = PRESETS[wishes.preset](wishes.seed)
    return replace(
        plan,
        sweeps=_sweeps(plan.sweeps, wishes),
        detector=_detector(plan.detector, wishes),
        crystal=replace(
            plan.crystal,
            space_group=wishes.space_group or plan.crystal.space_group,
            unit_cell=wishes.unit_cell or plan.crystal.unit_cell,
        ),
    )


def _detector(preset: DetectorPlan, wishes: Wishes) -> DetectorPlan:
    names = ("model", "distance_offset_mm", "beam_offset_px", "tilt_mrad", "module_shift_rms_um")
    asked = {name: getattr(wishes, name) for name in names if getattr(wishes, name) is not None}
    return replace(preset, **asked)


def _sweeps(preset: tuple[SweepPlan, ...], wishes: Wishes) -> tuple[SweepPlan, ...]:
    """Repeat the preset's sweeps to the number asked for, and take the missing images out."""
    count = len(preset) if wishes.sweeps is None else wishes.sweeps
    if count < 1 or (wishes.images is not None and wishes.images < 1):
        raise InvalidInputError(
            "A collection needs a sweep, and a sweep an image.", try_next="Give at least 1."
        )
    sweeps = tuple(
        replace(like, name=f"xtal{number}_1", images=wishes.images or like.images)
        for number, like in enumerate(islice(cycle(preset), count), start=1)
    )
    missing = _missing_by_sweep(wishes.missing, sweeps)
    return tuple(replace(sweep, missing=missing.get(sweep.name, ())) for sweep in sweeps)


def _missing_by_sweep(texts: Sequence[str], sweeps: tuple[SweepPlan, ...]) -> dict[str, tuple[int, ...]]:
    images = {sweep.name: sweep.images for sweep in sweeps}
    missing: dict[str, tuple[int, ...]] = {}
    for text in texts:
        match = _MISSING.fullmatch(text)
        if match is None or match["sweep"] not in images:
            raise InvalidInputError(
                f"{text!r} does not name images of a sweep.",
                try_next="Write SWEEP:NUMBERS, e.g. xtal2_1:5-6,9; the sweeps are xtal1_1, xtal2_1, ...",
            )
        numbers = _numbers(match["numbers"])
        if numbers[0] < 1 or numbers[-1] > images[match["sweep"]]:
            raise InvalidInputError(
                f"{text!r} names images that {match['sweep']} does not have.",
                try_next=f"Give numbers from 1 to {images[match['sweep']]}.",
            )
        missing[match["sweep"]] = numbers
    return missing


def _numbers(text: str) -> tuple[int, ...]:
    """Read "5-6,9" as (5, 6, 9)."""
    numbers: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(numbers))
