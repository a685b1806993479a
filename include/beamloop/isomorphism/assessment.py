"""Which crystals belong together: common setting, outliers, two trees, groups, a person's word over all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from beamloop.catalog.isomorphism_publishing import KnownGroup
from beamloop.catalog.isomorphism_snapshot import Snapshot
from beamloop.isomorphism.clusters import Cluster, cluster_of
from beamloop.isomorphism.grouping import make_groups
from beamloop.isomorphism.standing_words import SpokenCrystal, with_words, word_sentence
from beamloop.records.isomorphism import Candidate, ReportGroup, ReportMember, Standing
from beamloop.unit_cells.outliers import CellOutlier, find_outliers, robust_z
from beamloop.unit_cells.setting import CommonSetting, to_common_setting

OTHER_FORM = "other_form"


@dataclass(frozen=True, slots=True)
class Assessment:
    """All that is found of a snapshot's cells; nothing is written yet."""

    snapshot: Snapshot
    clustered: tuple[Candidate, ...]  # by serial number: everything that no person excluded
    members: tuple[ReportMember, ...]  # by serial number, then what a person excluded
    groups: tuple[ReportGroup, ...]  # the largest first
    setting: str  # "conventional R"
    everything: Cluster | None  # None: there is nothing that no person excluded
    inliers: Cluster | None  # without what is set aside


def assess(snapshot: Snapshot, known: Sequence[KnownGroup]) -> Assessment:
    """Say which crystals of a snapshot belong together.

    Parameters
    ----------
    snapshot
        Crystals and words.
    known
        The groups that the collection ever had.

    Raises
    ------
    InvalidInputError
        When a cell or a space group of the catalogue cannot be, or there are too many cells for a tree.
    """
    spoken = with_words(snapshot.crystals, snapshot.words)
    crystals = [crystal for crystal in spoken if not crystal.is_excluded]
    excluded = tuple(_excluded(crystal) for crystal in spoken if crystal.is_excluded)
    if not crystals:
        return Assessment(snapshot, (), excluded, (), "none", None, None)
    own = [crystal.candidate.member for crystal in crystals]
    common = to_common_setting([m.cell for m in own], [m.space_group for m in own])
    outliers = {outlier.serial: outlier for outlier in find_outliers(common.cells)}
    serials = range(1, len(crystals) + 1)
    aside = [n for n in serials if n in outliers and not crystals[n - 1].is_called_member]
    inliers = cluster_of(common.cells, [n for n in serials if n not in set(aside)])
    # What is likely misindexed is no form of its own: it has to be indexed again, not refined with its like.
    forms = cluster_of(common.cells, [n for n in aside if outliers[n].reason == OTHER_FORM])
    clusters = filter(None, (inliers, forms))
    suggested = [group for cluster in clusters for group in cluster.suggested(snapshot.limit_percent)]
    return Assessment(
        snapshot=snapshot,
        clustered=tuple(crystal.candidate for crystal in crystals),
        members=(*_entries(crystals, common, outliers, aside), *excluded),
        groups=make_groups(crystals, common.cells, suggested, known),
        setting=common.name,
        everything=cluster_of(common.cells, serials) if aside else inliers,
        inliers=inliers,
    )


def _entries(
    crystals: Sequence[SpokenCrystal],
    common: CommonSetting,
    outliers: Mapping[int, CellOutlier],
    aside: Sequence[int],
) -> list[ReportMember]:
    """Return what the report says of each crystal that is clustered."""
    largest_z = robust_z(common.cells).max(axis=1)
    entries = []
    for serial, crystal in enumerate(crystals, start=1):
        outlier = outliers.get(serial)
        sentences = (outlier.sentence if outlier else "", word_sentence(crystal.word))
        entries.append(
            ReportMember(
                member=crystal.candidate.member,
                serial=serial,
                standing=Standing.OUTLIER if serial in aside else Standing.MEMBER,
                common_cell=tuple(float(value) for value in common.cells[serial - 1]),
                operator=common.operators[serial - 1],
                robust_z=float(largest_z[serial - 1]),
                reason=outlier.reason if outlier else "",
                sentence=" ".join(filter(None, sentences)),
                decision_id=crystal.word.decision_id if crystal.word else None,
            )
        )
    return entries


def _excluded(crystal: SpokenCrystal) -> ReportMember:
    return ReportMember(
        member=crystal.candidate.member,
        serial=None,
        standing=Standing.EXCLUDED,
        common_cell=None,
        operator=None,
        robust_z=None,
        reason="",
        sentence=word_sentence(crystal.word),
        decision_id=crystal.word.decision_id if crystal.word else None,
    )
