"""A collection's results as a table that a beamline scientist reads at a glance."""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from statistics import median

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from beamloop.catalog.results import SweepResult
from beamloop.cli.plain_text import as_text, plain_line
from beamloop.records.outcome import NEED_A_PERSON, Outcome, OutcomeCode
from beamloop.records.parameters import STEPS

GOOD, OUTCOME, FAULT, RUNNING = "green", "yellow", "red", "cyan"


# In the order in which a narrow terminal goes without them.
DISPENSABLE = ("φ (°)", "CPU (s)", "α β γ (°)", "I/σ", "dist. (mm)", "spots", "integrated", "RMSD x y (px)")
COLUMNS = (
    "spots",
    "indexed",
    "group",
    "a b c (Å)",
    "α β γ (°)",
    "RMSD x y (px)",
    "φ (°)",
    "dist. (mm)",
    "integrated",
    "I/σ",
    "CPU (s)",
)
# A log file has no width of its own.
WIDTH_WITHOUT_TERMINAL = 200

Columns = Mapping[str, Mapping[str, str]]


def results_console(*, stderr: bool = False) -> Console:
    """Return a console that is wide enough for the table where there is no terminal."""
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=WIDTH_WITHOUT_TERMINAL)


def print_results(
    console: Console, title: str, results: Sequence[SweepResult], extra: Columns | None = None
) -> None:
    """Print the table, what became of each sweep that is not processed, second chances, then the totals.

    Parameters
    ----------
    console
        Where to.
    title
        The table's title: it came from a folder's name, and is shown as it is.
    results
        One per sweep.
    extra
        More columns: heading, then text by sweep.
    """
    left_out: set[str] = set()
    table = _table(title, results, extra or {}, left_out)
    for heading in DISPENSABLE:
        if Measurement.get(console, console.options.update(width=1000), table).maximum <= console.width:
            break
        left_out.add(heading)
        table = _table(title, results, extra or {}, left_out)
    console.print(table)
    _print_reasons(console, results)
    _print_second_chances(console, results)
    _print_totals(console, results)


def _table(title: str, results: Sequence[SweepResult], extra: Columns, left_out: Set[str]) -> Table:
    table = Table(title=as_text(title), box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    table.add_column("sweep", overflow="fold", max_width=40)
    table.add_column("outcome", no_wrap=True)
    shown = [heading for heading in (*COLUMNS, *extra) if heading not in left_out]
    for heading in shown:
        table.add_column(heading, justify="right", no_wrap=True)
    for result in results:
        cells = dict(zip(COLUMNS, figures(result), strict=True))
        cells |= {heading: column.get(result.sweep, "") for heading, column in extra.items()}
        table.add_row(as_text(result.sweep), _outcome(result), *(cells[heading] for heading in shown))
    return table


def figures(result: SweepResult) -> list[str]:
    """Return a sweep's figures in the order of COLUMNS; empty where there is none."""
    cell = result.cell
    integrated = max(result.summed_count or 0, result.profile_fitted_count or 0)
    rmsd = ""
    if result.rmsd_x_px is not None and result.rmsd_y_px is not None:
        rmsd = f"{result.rmsd_x_px:.2f} {result.rmsd_y_px:.2f}"
    return [
        _number(result.spot_count, "d"),
        _number(result.indexed_count, "d"),
        result.space_group or "",
        " ".join(f"{length:.2f}" for length in cell[:3]) if cell else "",
        " ".join(f"{angle:.1f}" for angle in cell[3:]) if cell else "",
        rmsd,
        _number(result.rmsd_phi_deg, ".2f"),
        _number(result.distance_mm, ".2f"),
        str(integrated) if integrated else "",
        _number(result.mean_i_over_sigma, ".1f"),
        _number(result.cpu_s, ".1f"),
    ]


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)


def outcome_text(outcome: Outcome | None, otherwise: str) -> Text:
    """Show a reason code with its sign and colour; other words where there is no outcome yet."""
    if outcome is None:
        return Text(f"… {otherwise}", style=RUNNING)
    code = outcome.code
    if code is OutcomeCode.PROCESSED:
        return Text("✓ processed", style=GOOD)
    if code in NEED_A_PERSON:
        return Text(f"✗ {code.value}", style=FAULT)
    return Text(f"– {code.value}", style=OUTCOME)


def _outcome(result: SweepResult) -> Text:
    words = f"{len(result.steps_done)} of {len(STEPS)} steps" if result.run_id else "waiting"
    return outcome_text(result.outcome, words)


def _print_reasons(console: Console, results: Sequence[SweepResult]) -> None:
    for result in results:
        outcome = result.outcome
        if outcome is None or outcome.code is OutcomeCode.PROCESSED:
            continue
        console.print(as_text(result.sweep).append(f" ({outcome.code.value}): ", "bold"), end="")
        console.print(Text(plain_line(outcome.sentence)), soft_wrap=True)
        console.print(Text(f"  → {outcome.try_next}", style="dim"), soft_wrap=True)


def _print_second_chances(console: Console, results: Sequence[SweepResult]) -> None:
    """Say what became of the sweeps that were tried once more with what their siblings found."""
    tried = [result for result in results if result.code_before]
    if tried:
        words = "; ".join(f"{plain_line(result.sweep)} {_became(result)}" for result in tried)
        console.print(Text(f"Second chances, with what the siblings found: {words}."), soft_wrap=True)


def _became(result: SweepResult) -> str:
    if result.outcome is None:
        return f"{result.code_before} at first, at work again"
    code = result.outcome.code
    return f"still {code}" if code is result.code_before else f"{result.code_before} at first, now {code}"


def _print_totals(console: Console, results: Sequence[SweepResult]) -> None:
    counts = Counter(result.outcome.code.value if result.outcome else "running" for result in results)
    console.print(Text(", ".join(f"{count} {code}" for code, count in counts.most_common())), soft_wrap=True)
    cells = [result.cell for result in results if result.cell and result.outcome
             and result.outcome.code is OutcomeCode.PROCESSED]  # fmt: skip
    if cells:
        middle = [median(values) for values in zip(*cells, strict=True)]
        console.print(
            "Median cell of the processed sweeps: "
            + " ".join(f"{value:.2f}" for value in middle[:3]) + " Å  "
            + " ".join(f"{value:.2f}" for value in middle[3:]) + "°",
            soft_wrap=True, highlight=False,
        )  # fmt: skip
    unmergeable = sum(result.for_merging is False for result in results)
    if unmergeable:
        console.print(f"{unmergeable} results are fast summation: for cells, not for merging.")
