"""Failures by common cause, as plain values."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from beamloop.accounts.json_format import FORMAT
from beamloop.catalog.failure_causes import FailureGroup
from beamloop.catalog.selection import Failure


def failures_document(
    since: datetime, beamline: str | None, groups: Sequence[FailureGroup]
) -> dict[str, Any]:
    """Return failures by cause as plain values, see docs/json.md."""
    return {
        "format": FORMAT,
        "since": since,
        "beamline": beamline,
        "causes": [
            {
                "outcome": group.code.value,
                "cause": group.cause,
                "try_next": group.failures[0].outcome.try_next,
                "count": len(group.failures),
                "first_at": group.failures[-1].recorded_at,
                "last_at": group.failures[0].recorded_at,
                "sweeps": [_sweep(failure) for failure in group.failures],
            }
            for group in groups
        ],
    }


def _sweep(failure: Failure) -> dict[str, Any]:
    return {
        "beamline": failure.beamline,
        "collection": failure.collection,
        "directory": str(failure.directory),
        "sweep": failure.sweep,
        "run_id": failure.run_id,
        "outcome_step": failure.outcome.step,
        "sentence": failure.outcome.sentence,
        "recorded_at": failure.recorded_at,
    }
