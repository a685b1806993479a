"""Results beside the simulator's truth."""

from beamloop.catalog.results import SweepResult
from beamloop.cli.follow import Results
from beamloop.records.outcome import OutcomeCode
from beamloop.simulate import Truth
from beamloop.simulate.plan import SweepKind

# Cells of good wedges of 4 to 10 degrees refined alone come within 0.2 %; see dials.md's figures. Half a
# percent is what a person calls the right cell.
LARGEST_CELL_ERROR_PERCENT = 0.5


def cell_error_percent(result: SweepResult, truth: Truth) -> float | None:
    """Return the largest relative error of a, b, c against the truth in percent; None without a cell."""
    crystal = truth.sweep(result.sweep).crystal
    if result.cell is None or crystal is None:
        return None
    true = crystal.unit_cell.as_tuple()[:3]
    return max(100 * abs(found / right - 1) for found, right in zip(result.cell[:3], true, strict=True))


def compare(results: Results, truth: Truth) -> dict[str, dict[str, str]]:
    """Return the table's columns: what was simulated, and the error of the cell."""
    kinds = {result.sweep: truth.sweep(result.sweep).kind.value for result in results}
    errors = {result.sweep: cell_error_percent(result, truth) for result in results}
    shown = {sweep: "" if error is None else f"{error:.3f}" for sweep, error in errors.items()}
    return {"truth": kinds, "cell error (%)": shown}


def unexpected(results: Results, truth: Truth) -> list[str]:
    """Return the sweeps that did not end as the truth says, and good ones with a wrong cell."""
    return [result.sweep for result in results if not _as_expected(result, truth)]


def _as_expected(result: SweepResult, truth: Truth) -> bool:
    sweep = truth.sweep(result.sweep)
    if result.outcome is None or result.outcome.code not in sweep.expected_outcomes:
        return False
    if sweep.kind is not SweepKind.GOOD or result.outcome.code is not OutcomeCode.PROCESSED:
        return True
    error = cell_error_percent(result, truth)
    return error is not None and error <= LARGEST_CELL_ERROR_PERCENT
