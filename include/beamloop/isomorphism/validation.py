"""Great Expectations on a table of cells: import it only where it is used, it costs 1.9 CPU s and 220 MB."""

import gc
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from beamloop.isomorphism.cell_rows import Row
from beamloop.isomorphism.expectations import COLUMNS, Expected
from beamloop.records.isomorphism import Finding

NAMED_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class Validation:
    """What a suite found."""

    findings: tuple[Finding, ...]  # in the order of the suite
    result: dict[str, Any]  # the result of Great Expectations as JSON


def validate_cells(
    rows: Sequence[Row], suite: Sequence[Expected], sweeps: Mapping[str, tuple[str, ...]]
) -> Validation:
    """Run a suite on a table of cells; nothing leaves this machine.

    Parameters
    ----------
    rows
        One or more, see :mod:`beamloop.isomorphism.cell_rows`.
    suite
        The expectations.
    sweeps
        Where to look when an expectation of the whole table is not met, by its name.
    """
    result = _checkpoint_result(rows, suite)
    outcomes = {outcome["expectation_config"]["meta"]["name"]: outcome for outcome in result["results"]}
    findings = (_finding(one, outcomes[one.name], sweeps.get(one.name, ())) for one in suite)
    return Validation(tuple(findings), result)


def _checkpoint_result(rows: Sequence[Row], suite: Sequence[Expected]) -> dict[str, Any]:
    # Read by Great Expectations when it is imported.
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    with _no_search_for_garbage():
        import great_expectations as gx
        import pandas as pd
        from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    expectations = gx.ExpectationSuite(name="isomorphism", expectations=[_made(gx, one) for one in suite])
    asset = context.data_sources.add_pandas("beamloop").add_dataframe_asset("cells")
    definition = context.validation_definitions.add(
        gx.ValidationDefinition(
            name="isomorphism",
            data=asset.add_batch_definition_whole_dataframe("crystals"),
            suite=context.suites.add(expectations),
        )
    )
    checkpoint = context.checkpoints.add(
        gx.Checkpoint(
            name="isomorphism",
            validation_definitions=[definition],
            result_format={
                "result_format": "COMPLETE",
                "unexpected_index_column_names": ["sweep", "crystal"],
            },
        )
    )
    done = checkpoint.run(batch_parameters={"dataframe": pd.DataFrame(list(rows), columns=list(COLUMNS))})
    (result,) = done.run_results.values()
    as_json: Any = result.to_json_dict  # untyped
    return _steady(as_json())


@contextmanager
def _no_search_for_garbage() -> Iterator[None]:
    """Import much that stays: Python searching it for garbage again and again is a fifth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _made(gx: Any, expected: Expected) -> Any:
    kind = getattr(gx.expectations, expected.kind)
    return kind(
        **expected.arguments,
        severity=expected.severity.value,
        description=expected.description,
        meta={"name": expected.name},
    )


def _steady(result: dict[str, Any]) -> dict[str, Any]:
    """Leave out clocks and random numbers: the same cells give the same bytes."""
    keep = {"great_expectations_version": result["meta"]["great_expectations_version"]}
    for outcome in result["results"]:
        outcome["expectation_config"].pop("id", None)
        outcome["expectation_config"]["kwargs"].pop("batch_id", None)
    return {key: result[key] for key in ("success", "suite_name", "statistics", "results")} | {"meta": keep}


def _finding(expected: Expected, outcome: Mapping[str, Any], of_table: tuple[str, ...]) -> Finding:
    found = outcome["result"]
    trouble = outcome["exception_info"].get("exception_message")
    named = [(str(row["sweep"]), row) for row in found.get("unexpected_index_list") or ()]
    statistics = {
        key: found[key]
        for key in ("observed_value", "element_count", "unexpected_count", "unexpected_percent")
        if key in found
    }
    column = expected.arguments.get("column")
    if named and column:
        values = [_plain(row[column]) for _, row in named]
        names = [f"{sweep} crystal {row['crystal']}" for sweep, row in named]
        statistics["unexpected"] = dict(zip(names, values, strict=True))
    passed = bool(outcome["success"])
    return Finding(
        expectation=expected.name,
        severity=expected.severity,
        passed=passed,
        sentence=f"{expected.description}{'' if passed else _but(found, named, column, trouble)}",
        statistics=statistics,
        sweeps=() if passed else tuple(dict.fromkeys(sweep for sweep, _ in named)) or of_table,
    )


def _but(
    found: Mapping[str, Any],
    named: Sequence[tuple[str, Mapping[Any, Any]]],
    column: object,
    trouble: str | None,
) -> str:
    if trouble:
        return f" This could not be tested: {trouble}"
    if not named:
        return f" Found: {found.get('observed_value')}."
    words = [f"{sweep} {_short(row.get(column))}".strip() for sweep, row in named[:NAMED_AT_MOST]]
    more = ", ..." if len(named) > NAMED_AT_MOST else ""
    return f" Not so for {found['unexpected_count']} of {found['element_count']}: {', '.join(words)}{more}."


def _plain(value: Any) -> object:
    """Return a value of a pandas table as JSON has it; a missing number is null."""
    plain = value.item() if hasattr(value, "item") else value
    return None if plain != plain else plain


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)
