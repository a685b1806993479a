"""Results as JSON: the stable form that docs/json.md describes."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from beamloop.accounts.json_format import FORMAT
from beamloop.catalog.results import SweepResult

__all__ = ["FORMAT", "dump", "results_document"]


def results_document(collection: str, results: Sequence[SweepResult]) -> dict[str, Any]:
    """Return a collection's results as plain values."""
    return {
        "format": FORMAT,
        "collection": collection,
        "counts": dict(Counter(r.outcome.code.value if r.outcome else "running" for r in results)),
        "sweeps": [_sweep(result) for result in results],
    }


def dump(document: dict[str, Any]) -> str:
    """Write a document as text; times are ISO 8601 in UTC."""
    return json.dumps(document, indent=2, sort_keys=True, default=_plain, ensure_ascii=True)


def _sweep(result: SweepResult) -> dict[str, Any]:
    values = asdict(result)
    outcome = result.outcome
    values["outcome"] = outcome.code.value if outcome else None
    values["outcome_step"] = outcome.step if outcome else None
    values["sentence"] = outcome.sentence if outcome else None
    values["try_next"] = outcome.try_next if outcome else None
    values["steps_done"] = sorted(result.steps_done)
    return values


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
