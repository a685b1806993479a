"""The report as one HTML file that needs nothing else: no other file, no other host, no script."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from beamloop.isomorphism.assessment import Assessment
from beamloop.isomorphism.verdict import Judgement, variation_words
from beamloop.records.isomorphism import TRY_NEXT, Finding, ReportMember, Severity, Standing, Verdict

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 78rem; padding: 0 1rem }
body { color: #1a1a1a; background: #fff }
h1 { font-size: 1.5rem; margin-bottom: .2rem } h2 { font-size: 1.15rem; margin-top: 2rem }
table { border-collapse: collapse }
th, td { text-align: left; padding: .25rem .8rem .25rem 0; vertical-align: top }
th { border-bottom: 1px solid #888 } td.n { text-align: right; font-variant-numeric: tabular-nums }
tr:nth-child(even) { background: #f5f5f5 } small { color: #555 }
figure { margin: 1rem 0; overflow-x: auto } img { max-width: 100% }
.verdict { border-left: .4rem solid #0072b2; padding: .4rem .8rem; background: #eef5fa }
.verdict.warning { border-color: #e69f00; background: #fdf6e7 }
.verdict.fault { border-color: #d55e00; background: #fbeee5 }
.pass::before { content: "✓ "; color: #007a5a } .warn::before { content: "⚠ "; color: #8a5f00 }
.fail::before { content: "✗ "; color: #d55e00 }
"""
CLASSES = {
    Verdict.ISOMORPHOUS: "verdict",
    Verdict.NOT_ISOMORPHOUS: "verdict warning",
    Verdict.TOO_FEW: "verdict warning",
    Verdict.IMPLAUSIBLE: "verdict fault",
}
CELL = ("a (Å)", "b (Å)", "c (Å)", "α (°)", "β (°)", "γ (°)")


def report_page(
    assessment: Assessment,
    judgement: Judgement,
    findings: Sequence[Finding],
    figures: Mapping[str, str],
    footer: str,
) -> str:
    """Return the page.

    Parameters
    ----------
    assessment, judgement, findings
        What was found.
    figures
        Captions and images, the images as data URLs.
    footer
        Which report this is, and what made it.
    """
    title = f"Isomorphism of {assessment.snapshot.name}"
    body = [
        f"<h1>{escape(title)}</h1><p><small>{escape(footer)}</small></p>",
        _verdict(judgement),
        f"<p>{escape(_setting(assessment))}</p>",
        _section("Groups", _groups(assessment)),
        _section("Set aside, not judged, excluded, included", _said(assessment)),
        _section("What was expected of the cells, and what was found", _findings(findings)),
        *(_figure(caption, image) for caption, image in figures.items()),
        _section("Crystals", _crystals(assessment)),
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(body)}</body></html>\n'


def _verdict(judgement: Judgement) -> str:
    word = judgement.verdict.value.replace("_", " ")
    words = f"{escape(judgement.sentence)} <em>{escape(TRY_NEXT[judgement.verdict])}</em>"
    return f'<p class="{CLASSES[judgement.verdict]}"><strong>{word}</strong>: {words}</p>'


def _setting(assessment: Assessment) -> str:
    word = assessment.snapshot.limit_word
    limit = f"{assessment.snapshot.limit_percent:g} %"
    limit += f", set by {word.said_by} ({word.why})" if word else ""
    whole, inner = (variation_words(v) for v in (assessment.whole_variation, assessment.variation))
    return (
        f"Cells in the setting: {assessment.setting}. Limit of LCV: {limit}. All crystals: {whole}. "
        f"Without what is set aside: {inner}."
    )


def _section(heading: str, content: str) -> str:
    return f"<h2>{escape(heading)}</h2>{content or '<p>None.</p>'}"


def _table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = ["".join(_cell(value) for value in row) for row in rows]
    if not lines:
        return ""
    head = "".join(f"<th>{escape(heading)}</th>" for heading in headings)
    return f"<table><tr>{head}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f'<td class="n">{value:.2f}</td>'
    return f'<td class="n">{value}</td>' if isinstance(value, int) else f"<td>{escape(str(value))}</td>"


def _groups(assessment: Assessment) -> str:
    names = {(entry.member.run_id, entry.member.crystal_number): _name(entry) for entry in assessment.members}
    rows = [
        (group.name, len(group.members), group.lcv_percent, group.alcv_angstrom,
         ", ".join(names[key] for key in group.members))
        for group in assessment.groups
    ]  # fmt: skip
    return _table(("group", "crystals", "LCV (%)", "aLCV (Å)", "members: serial, sweep"), rows)


def _name(entry: ReportMember) -> str:
    number = f" crystal {entry.member.crystal_number}" if entry.member.crystal_number > 1 else ""
    serial = f"{entry.serial} " if entry.serial else ""
    return f"{serial}{entry.member.sweep_name}{number}"


def _standing(entry: ReportMember) -> str:
    return entry.standing.value.replace("_", " ")


def _said(assessment: Assessment) -> str:
    rows = [
        (_name(entry), _standing(entry), "" if entry.robust_z is None else entry.robust_z, entry.sentence)
        for entry in assessment.members
        if entry.standing is not Standing.MEMBER or entry.sentence
    ]
    return _table(("crystal", "standing", "robust z", "why"), rows)


def _findings(findings: Sequence[Finding]) -> str:
    rows = []
    for finding in sorted(findings, key=lambda finding: finding.passed):
        mark = "pass" if finding.passed else "warn" if finding.severity is Severity.WARNING else "fail"
        where = escape(", ".join(finding.sweeps))
        rows.append(f'<tr><td class="{mark}">{escape(finding.sentence)}</td><td>{where}</td></tr>')
    head = "<tr><th>Great Expectations</th><th>where to look</th></tr>"
    return f"<table>{head}{''.join(rows)}</table>" if rows else ""


def _figure(caption: str, image: str) -> str:
    return f'<h2>{escape(caption)}</h2><figure><img src="{escape(image)}" alt="{escape(caption)}"></figure>'


def _crystals(assessment: Assessment) -> str:
    groups = {key: group.name for group in assessment.groups for key in group.members}
    rows = [
        (_name(entry), groups.get((entry.member.run_id, entry.member.crystal_number), "–"),
         _standing(entry), entry.member.space_group, *entry.member.cell, entry.operator or "–")
        for entry in assessment.members
    ]  # fmt: skip
    headings = ("crystal", "group", "standing", "space group", *CELL, "to the common cell")
    return _table(headings, rows)
