"""A collection's groups in plain words."""

from collections.abc import Iterator

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from beamloop.cli.failures import when
from beamloop.cli.groups_account import GroupsAccount
from beamloop.cli.plain_text import as_text
from beamloop.cli.stale_text import print_stale
from beamloop.records.isomorphism import (
    TRY_NEXT,
    MemberWord,
    ReportHeader,
    ReportMember,
    Severity,
    Standing,
    Variation,
    Verdict,
    WordKind,
)

NAMED_AT_MOST = 12
SHOWN_AT_MOST = 30
SIGNS = {
    Verdict.ISOMORPHOUS: ("✓", "green"),
    Verdict.NOT_ISOMORPHOUS: ("–", "yellow"),
    Verdict.TOO_FEW: ("–", "yellow"),
    Verdict.IMPLAUSIBLE: ("✗", "red"),
}


def print_summary(console: Console, account: GroupsAccount) -> None:
    """Print the report in a few lines: verdict, LCV, groups, what is set aside and why."""
    header = account.header
    sign, style = SIGNS[header.verdict]
    console.print()
    console.print(as_text(f"Isomorphism: {sign} {header.verdict.value}", f"bold {style}"))
    console.print(as_text(f"  {header.sentence}"), soft_wrap=True)
    for figures in _figures(header):
        console.print(as_text(f"  {figures}"), soft_wrap=True)
    if account.groups:
        console.print(_table(account))
    for line in _said(account):
        console.print(line, soft_wrap=True)
    if TRY_NEXT[header.verdict]:
        console.print(as_text(f"  → {TRY_NEXT[header.verdict]}", "cyan"), soft_wrap=True)
    if not account.is_current:
        console.print("  Results or words have come since; a new report is due.", style="yellow")


def print_account(console: Console, account: GroupsAccount, store_words: str) -> None:
    """Print everything that a person asks of the groups: summary, findings, words, files."""
    header = account.header
    title = f"{account.place.name}, beamline {account.place.beamline}: report {header.report_id}"
    console.print(as_text(f"{title} of {when(header.published_at)}", "bold"), soft_wrap=True)
    print_summary(console, account)
    print_stale(console, account.stale)
    console.print("\nExpected of the cells, and not found", style="bold")
    failed = [finding for finding in account.findings if not finding.passed]
    for finding in failed:
        style = "red" if finding.severity is Severity.CRITICAL else "yellow"
        console.print(as_text(f"  {finding.sentence}", style), soft_wrap=True)
        if finding.sweeps:
            console.print(as_text(f"    look at: {_names(finding.sweeps)}", "dim"), soft_wrap=True)
    console.print(f"  {len(account.findings) - len(failed)} of {len(account.findings)} expectations are met.")
    _print_words(console, account)
    console.print("\nFiles", style="bold")
    folder = next(iter(account.files.values())).key.rpartition("/")[0] if account.files else ""
    console.print(as_text(f"  in the store {store_words} under {folder}/:"), soft_wrap=True)
    console.print(as_text(f"  {', '.join(account.files)}"), soft_wrap=True)


def _figures(header: ReportHeader) -> Iterator[str]:
    yield f"Without what is set aside: {_variation(header.members)}; all: {_variation(header.everything)}."
    yield f"Setting: {header.setting}; limit of LCV: {header.limit_percent:g} %."


def _variation(variation: Variation | None) -> str:
    if variation is None:
        return "no tree"
    return f"LCV {variation.lcv_percent:.2f} %, aLCV {variation.alcv_angstrom:.2f} Å"


def _table(account: GroupsAccount) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("group", "crystals", "LCV (%)", "aLCV (Å)"):
        table.add_column(heading, justify="left" if heading == "group" else "right")
    table.add_column("sweeps", overflow="fold")
    by_size = sorted(account.groups, key=lambda group: -len(group.members))
    for group in by_size[:SHOWN_AT_MOST]:
        names = tuple(dict.fromkeys(member.sweep_name for member in group.members))
        table.add_row(group.name, str(len(group.members)), f"{group.lcv_percent:.2f}",
                      f"{group.alcv_angstrom:.2f}", as_text(_names(names)))  # fmt: skip
    if len(by_size) > SHOWN_AT_MOST:
        table.add_row("...", str(len(by_size) - SHOWN_AT_MOST), "", "", "more groups, see --json")
    return table


def _names(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - NAMED_AT_MOST} more" if len(names) > NAMED_AT_MOST else ""
    return f"{', '.join(names[:NAMED_AT_MOST])}{more}"


def _said(account: GroupsAccount) -> Iterator[Text]:
    told = [entry for entry in account.members if entry.standing is not Standing.MEMBER or entry.sentence]
    for entry in told[:SHOWN_AT_MOST]:
        yield as_text(f"  {_crystal(entry)}: {_standing(entry)}{entry.sentence}")
    if len(told) > SHOWN_AT_MOST:
        yield as_text(f"  and {len(told) - SHOWN_AT_MOST} more, see --json")


def _standing(entry: ReportMember) -> str:
    if entry.standing is Standing.NOT_JUDGED:
        return "not judged. "
    return "" if entry.robust_z is None else f"{entry.standing.value} (robust z {entry.robust_z:.1f}). "


def _crystal(entry: ReportMember) -> str:
    number = f" crystal {entry.member.crystal_number}" if entry.member.crystal_number > 1 else ""
    return f"{entry.member.sweep_name}{number}"


def _print_words(console: Console, account: GroupsAccount) -> None:
    if not account.words and account.limit_word is None:
        return
    console.print("\nSaid by people", style="bold")
    for word in account.words:
        console.print(as_text(f"  {when(word.said_at)}  {word.said_by}: {_word(word)}"), soft_wrap=True)
    limit = account.limit_word
    if limit:
        words = f"  {when(limit.said_at)}  {limit.said_by}: limit {limit.limit_percent:g} %: {limit.why}"
        console.print(as_text(words), soft_wrap=True)


def _word(word: MemberWord) -> str:
    number = f" crystal {word.crystal_number}" if word.crystal_number else ""
    where = f" to {word.group_name}" if word.kind is WordKind.REGROUP else ""
    return f"{word.kind.value} {word.sweep_name}{number}{where}: {word.why}"
