"""What a refined detector does to data that it was not refined against.

Told by a metrology, or by a person in a file: what is read is checked figure by figure.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any

from beamloop.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class PanelEvidence:
    """What a version does to one panel, and to the held-out reflections on it."""

    name: str  # "row-01-col-03", or the panel's number where it has no name
    held_out_count: int  # 84, reflections
    held_out_rmsd_before_mm: tuple[float, float]  # (0.071, 0.064), along fast (x) and slow (y)
    held_out_rmsd_after_mm: tuple[float, float]  # (0.043, 0.041)
    # How far the panel's centre has moved along its own fast and slow axes, without the motion of the whole.
    shift_um: tuple[float, float]  # (31.0, -12.5)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a version does to data that it was not refined against.

    RMSDs are those of calculated less observed centroids along fast (x) and slow (y), in mm: before, with the
    geometry that the data were imported with; after, with the version.
    """

    held_out_count: int  # 1892, reflections
    held_out_rmsd_before_mm: tuple[float, float]  # (0.061, 0.058)
    held_out_rmsd_after_mm: tuple[float, float]  # (0.042, 0.040)
    covered_panel_count: int  # 57: panels with enough reflections to be refined
    half_split_um: float | None = None  # 6.6: rms difference of panel positions from two halves of the data
    panels: tuple[PanelEvidence, ...] = ()  # each panel of several, in the detector's order
    details: Mapping[str, Any] = field(default_factory=dict)  # tables for people, by panel, by resolution

    def as_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Evidence":
        """Undo :meth:`as_json`, and check what a person wrote.

        Raises
        ------
        InvalidInputError
            Names the figure at fault.
        """
        unknown = set(values) - set(cls.__dataclass_fields__)
        if unknown:
            raise _bad_evidence(f"there is no figure {', '.join(sorted(unknown))}")
        half_split = values.get("half_split_um")
        return cls(
            held_out_count=int(_number(values, "held_out_count")),
            held_out_rmsd_before_mm=_pair(values, "held_out_rmsd_before_mm"),
            held_out_rmsd_after_mm=_pair(values, "held_out_rmsd_after_mm"),
            covered_panel_count=int(_number(values, "covered_panel_count")),
            half_split_um=None if half_split is None else _number(values, "half_split_um"),
            panels=_panels(values.get("panels", ())),
            details=values.get("details", {}),
        )


def _panels(values: object) -> tuple[PanelEvidence, ...]:
    if not isinstance(values, list | tuple):
        raise _bad_evidence("panels must be a list")
    return tuple(map(_panel, values))


def _panel(values: object) -> PanelEvidence:
    if not isinstance(values, Mapping) or set(values) != set(PanelEvidence.__dataclass_fields__):
        raise _bad_evidence(f"a panel needs {', '.join(PanelEvidence.__dataclass_fields__)}")
    return PanelEvidence(
        name=str(values["name"]),
        held_out_count=int(_number(values, "held_out_count")),
        held_out_rmsd_before_mm=_pair(values, "held_out_rmsd_before_mm"),
        held_out_rmsd_after_mm=_pair(values, "held_out_rmsd_after_mm"),
        shift_um=_shift(values["shift_um"]),
    )


def _shift(pair: object) -> tuple[float, float]:
    """Read two lengths that may be negative."""
    if isinstance(pair, list | tuple) and len(pair) == 2:
        along_fast, along_slow = pair
        if isinstance(along_fast, int | float) and isinstance(along_slow, int | float):
            if isfinite(along_fast) and isfinite(along_slow):
                return float(along_fast), float(along_slow)
    raise _bad_evidence(f"shift_um is {pair!a}, and must be two numbers, along fast and slow in um")


def _number(values: Mapping[str, Any], name: str) -> float:
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or value < 0:
        raise _bad_evidence(f"{name} is {value!a}, and must be a number of 0 or more")
    return value


def _pair(values: Mapping[str, Any], name: str) -> tuple[float, float]:
    pair = values.get(name)
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        raise _bad_evidence(f"{name} is {pair!a}, and must be two numbers, x and y in mm")
    x, y = (_number({name: value}, name) for value in pair)
    return x, y


def _bad_evidence(fault: str) -> InvalidInputError:
    return InvalidInputError(
        f"The evidence cannot be used: {fault}.",
        try_next="docs/operations.md, Geometry, shows an evidence file.",
    )
