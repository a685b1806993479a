"""What a run is asked to do."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from beamloop.records.identifiers import SweepId
from beamloop.records.program import ProgramLimits
from beamloop.records.sample import Sample, UnitCell
from beamloop.records.siblings import Siblings

STEPS = ("import", "find_spots", "index", "refine", "integrate", "export")


@dataclass(frozen=True, slots=True)
class Parameters:
    """One parameter set of the sweep stage."""

    profile: str  # "cells"
    for_merging: bool  # False: fast summation, fit for cells only
    options: Mapping[str, tuple[str, ...]]  # {"find_spots": ("spotfinder.filter.min_spot_size=2",)}
    sample: Sample = Sample()
    limits: ProgramLimits = ProgramLimits()
    refuse_gaps: bool = False  # True: a sweep with missing images ends as missing_images
    siblings: Siblings | None = None  # whom a second chance owes its sample and its detector to

    def as_json(self) -> dict[str, Any]:
        """Return plain values with sorted keys, fit for the catalogue and for hashing."""
        cell = self.sample.unit_cell
        values: dict[str, Any] = {
            "for_merging": self.for_merging,
            "limits": asdict(self.limits),
            "options": {step: list(self.options[step]) for step in sorted(self.options)},
            "profile": self.profile,
            "space_group": self.sample.space_group,
            "unit_cell": list(cell.as_tuple()) if cell else None,
        }
        # Said only where it is so: the work of before these rules keeps its run key.
        if self.refuse_gaps:
            values["refuse_gaps"] = True
        if self.siblings:
            values["siblings"] = asdict(self.siblings)
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Parameters":
        """Undo :meth:`as_json`."""
        cell = values["unit_cell"]
        return cls(
            profile=values["profile"],
            for_merging=values["for_merging"],
            options={step: tuple(options) for step, options in values["options"].items()},
            sample=Sample(values["space_group"], UnitCell(*cell) if cell else None),
            limits=ProgramLimits(**values["limits"]),
            refuse_gaps=values.get("refuse_gaps", False),
            siblings=Siblings(**values["siblings"]) if "siblings" in values else None,
        )


def run_key(
    parameters: Parameters, sweep_id: SweepId, content_sha256: str, dials_version: str, geometry: str = ""
) -> str:
    """Hash what decides a run's result; the same work has the same key.

    Parameters
    ----------
    parameters
        The parameter set.
    sweep_id
        The sweep.
    content_sha256
        The sweep's content, see :meth:`SweepImages.content_sha256`.
    dials_version
        E.g. "3.12.1".
    geometry
        The geometry version in force, empty where the header's geometry serves.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    parts = [parameters.as_json(), sweep_id, content_sha256, dials_version, geometry]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
