"""The end of a report in one word and one sentence."""

from collections.abc import Sequence
from dataclasses import dataclass

from beamloop.isomorphism.assessment import Assessment
from beamloop.records.isomorphism import Finding, ReportMember, Severity, Standing, Variation, Verdict

NAMED_AT_MOST = 8


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a report ends."""

    verdict: Verdict
    sentence: str  # "8 of 10 crystals belong together: group A, LCV 0.41 %, aLCV 0.69 A. ..."


def judge(assessment: Assessment, findings: Sequence[Finding]) -> Judgement:
    """Say how a report ends.

    Parameters
    ----------
    assessment
        What was found of the cells.
    findings
        What validation found; none where there was nothing to validate.
    """
    broken = [finding for finding in findings if finding.severity is Severity.CRITICAL and not finding.passed]
    if broken:
        return Judgement(
            Verdict.IMPLAUSIBLE,
            f"The cells cannot be right: {' '.join(finding.sentence for finding in broken)}",
        )
    if len(assessment.clustered) < 2:
        only = "Only one crystal" if assessment.clustered else "No crystal"
        return Judgement(
            Verdict.TOO_FEW,
            f"{only} can be compared; a tree needs two.{_not_judged(assessment)}{_excluded(assessment)}",
        )
    return _compared(assessment)


def _compared(assessment: Assessment) -> Judgement:
    aside = [entry for entry in assessment.members if entry.standing is Standing.OUTLIER]
    words = [_groups(assessment), _aside(aside), _not_judged(assessment), _excluded(assessment)]
    sentence = "".join(words).strip()
    alone = len(assessment.groups) == 1 and not aside
    return Judgement(Verdict.ISOMORPHOUS if alone else Verdict.NOT_ISOMORPHOUS, sentence)


def _groups(assessment: Assessment) -> str:
    count = len(assessment.clustered)
    if not assessment.groups:
        return f"None of {count} crystals belongs to a group."
    largest = assessment.groups[0]
    if len(largest.members) == 1:
        return f"No two of {count} crystals are alike within {assessment.snapshot.limit_percent:g} %."
    variation = variation_words(Variation(largest.lcv_percent, largest.alcv_angstrom))
    share = "All" if len(largest.members) == count else f"{len(largest.members)} of"
    words = f"{share} {count} crystals belong together: group {largest.name}, {variation}."
    others = assessment.groups[1:]
    if others:
        names = ", ".join(f"{group.name} ({len(group.members)})" for group in others[:NAMED_AT_MOST])
        words += f" {len(others)} other {'form' if len(others) == 1 else 'forms'}: {names}{_more(others)}."
    return words


def _aside(aside: Sequence[ReportMember]) -> str:
    if not aside:
        return ""
    named = [
        f"{entry.member.sweep_name} ({entry.reason.replace('_', ' ')})" for entry in aside[:NAMED_AT_MOST]
    ]
    return f" Set aside: {', '.join(named)}{_more(aside)}."


def _not_judged(assessment: Assessment) -> str:
    return _named(assessment, Standing.NOT_JUDGED, "Not judged, for too few reflections")


def _excluded(assessment: Assessment) -> str:
    return _named(assessment, Standing.EXCLUDED, "Excluded by a person")


def _named(assessment: Assessment, standing: Standing, words: str) -> str:
    """Name the crystals of a standing: " Excluded by a person: xtal2_1."; "" where there are none."""
    found = [entry for entry in assessment.members if entry.standing is standing]
    if not found:
        return ""
    names = dict.fromkeys(entry.member.sweep_name for entry in found[:NAMED_AT_MOST])
    return f" {words}: {', '.join(names)}{_more(found)}."


def _more(things: Sequence[object]) -> str:
    return f" and {len(things) - NAMED_AT_MOST} more" if len(things) > NAMED_AT_MOST else ""


def variation_words(variation: Variation | None) -> str:
    """Say LCV and aLCV: "LCV 0.41 %, aLCV 0.69 Å"."""
    if variation is None:
        return "no LCV"
    return f"LCV {variation.lcv_percent:.2f} %, aLCV {variation.alcv_angstrom:.2f} Å"
