"""Which crystals are compared, and which are named only: docs/decisions/0026 gives the reasons."""

from collections.abc import Sequence

from beamloop.errors import InvalidInputError
from beamloop.isomorphism.lattice_symmetry import symmetry_misfit
from beamloop.isomorphism.standing_words import SpokenCrystal, word_sentence
from beamloop.records.isomorphism import Candidate, GroupMember, ReportMember, Standing
from beamloop.unit_cells.enough import PER_PARAMETER, fewest_reflections, parameter_count

TOO_FEW_REFLECTIONS = "too_few_reflections"


def reflections_per_parameter(crystal: Candidate) -> float:
    """Return the used reflections for each parameter of orientation and cell.

    Raises
    ------
    InvalidInputError
        When there is no such space group.
    """
    return crystal.used_count / parameter_count(crystal.member.space_group)


def origin_of_cell(crystal: Candidate) -> str:
    """Say that a lattice was found with what its siblings have; "" where it was found without."""
    return "Its lattice was found with the cell of its siblings." if crystal.with_siblings_cell else ""


def why_not_judged(crystal: Candidate) -> str:
    """Say that a cell rests on too few reflections to be compared; "" where they are enough.

    Raises
    ------
    InvalidInputError
        When there is no such space group.
    """
    fewest = fewest_reflections(crystal.member.space_group)
    if crystal.used_count >= fewest:
        return ""
    return " ".join(filter(None, (
        f"Its cell rests on {crystal.used_count} reflections; {fewest} are needed, {PER_PARAMETER} for each "
        "parameter of orientation and cell.",
        origin_of_cell(crystal),
    )))  # fmt: skip


def clustered_and_not(
    spoken: Sequence[SpokenCrystal],
) -> tuple[list[SpokenCrystal], tuple[ReportMember, ...]]:
    """Return what is compared, and what the report says of the rest.

    A person's word counts first: excluded is excluded, and what is called a member is compared however few
    its reflections are.

    Raises
    ------
    InvalidInputError
        When a cell or a space group cannot be; its sweep is named.
    """
    crystals, not_judged, excluded = [], [], []
    for crystal in spoken:
        if crystal.is_excluded:
            excluded.append(_outside(crystal, Standing.EXCLUDED, "", word_sentence(crystal.word)))
            continue
        _require_possible(crystal.candidate.member)
        why = "" if crystal.is_called_member else why_not_judged(crystal.candidate)
        if why:
            not_judged.append(_outside(crystal, Standing.NOT_JUDGED, TOO_FEW_REFLECTIONS, why))
        else:
            crystals.append(crystal)
    return crystals, (*not_judged, *excluded)


def _require_possible(member: GroupMember) -> None:
    """Name the sweep of a cell or a space group that cannot be."""
    try:
        symmetry_misfit(member.cell, member.space_group)
    except InvalidInputError as error:
        raise InvalidInputError(
            f"Sweep {member.sweep_name!a}, run {member.run_id}: {error.what}",
            try_next="Process it again with its symmetry (`beamloop reprocess --space-group`), or leave it "
            "out (`beamloop exclude`).",
        ) from error


def _outside(crystal: SpokenCrystal, standing: Standing, reason: str, sentence: str) -> ReportMember:
    """Return what the report says of a crystal that is in no tree."""
    return ReportMember(
        member=crystal.candidate.member,
        serial=None,
        standing=standing,
        common_cell=None,
        operator=None,
        robust_z=None,
        reason=reason,
        sentence=sentence,
        decision_id=crystal.word.decision_id if crystal.word else None,
    )
