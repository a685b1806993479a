"""Which crystals belong together: common setting, outliers, two trees, groups, a person's word over all."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from beamloop.catalog.isomorphism_publishing import KnownGroup
from beamloop.catalog.isomorphism_snapshot import Snapshot
from beamloop.isomorphism.grouping import make_groups
from beamloop.isomorphism.standing_words import SpokenCrystal, with_words, word_sentence
from beamloop.isomorphism.testimony import clustered_and_not, origin_of_cell
from beamloop.records.isomorphism import (
    Candidate,
    ReportGroup,
    ReportMember,
    Standing,
    Variation,
)
from beamloop.unit_cells.analysis import CellAnalysis, cluster_some
from beamloop.unit_cells.cell_arrays import Floats
from beamloop.unit_cells.outliers import CellOutlier, find_outliers, robust_z
from beamloop.unit_cells.setting import CommonSetting, to_common_setting
from beamloop.unit_cells.tree import ClusterTree, cluster_cells
from beamloop.unit_cells.variation import linear_cell_variation

OTHER_FORM = "other_form"


@dataclass(frozen=True, slots=True)
class Assessment:
    """All that is found of a snapshot's cells; nothing is written yet."""

    snapshot: Snapshot
    # By serial number: everything that no person excluded and whose cell rests on enough reflections.
    clustered: tuple[Candidate, ...]
    members: tuple[ReportMember, ...]  # by serial number, then what is not judged, then what is excluded
    groups: tuple[ReportGroup, ...]  # the largest first
    # Of what is clustered; its outliers are those that are set aside, its groups those above. None: nothing.
    analysis: CellAnalysis | None

    @property
    def setting(self) -> str:
        """The name of the setting that the common cells are in: "conventional H"."""
        return self.analysis.setting.name if self.analysis else "none"

    @property
    def variation(self) -> Variation | None:
        """LCV and aLCV of what is not set aside; None below two crystals."""
        return _variation(self.analysis.inlier_tree) if self.analysis else None

    @property
    def whole_variation(self) -> Variation | None:
        """LCV and aLCV of all that is clustered; None below two crystals."""
        return _variation(self.analysis.tree) if self.analysis else None


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
    crystals, unclustered = clustered_and_not(with_words(snapshot.crystals, snapshot.words))
    clustered = tuple(crystal.candidate for crystal in crystals)
    if not crystals:
        return Assessment(snapshot, clustered, unclustered, (), None)
    own = [candidate.member for candidate in clustered]
    common = to_common_setting([m.cell for m in own], [m.space_group for m in own])
    outliers = find_outliers(common.cells)
    aside = [outlier for outlier in outliers if not crystals[outlier.serial - 1].is_called_member]
    inliers = _without(len(crystals), aside)
    inlier_tree, suggested = cluster_some(common.cells, inliers, snapshot.limit_percent)
    # What is likely misindexed is no form of its own: it has to be indexed again, not refined with its like.
    forms = [outlier.serial for outlier in aside if outlier.reason == OTHER_FORM]
    suggested += cluster_some(common.cells, forms, snapshot.limit_percent)[1]
    groups = make_groups(crystals, common.cells, suggested, known)
    analysis = CellAnalysis(
        given=np.array([member.cell for member in own]),
        setting=common,
        limit_percent=snapshot.limit_percent,
        variation=linear_cell_variation(common.cells),
        tree=cluster_cells(common.cells) if aside else inlier_tree,
        outliers=tuple(aside),
        inliers=inliers,
        inlier_tree=inlier_tree,
        groups=tuple(group.serials for group in groups),
    )
    entries = _entries(crystals, common, outliers, set(inliers))
    members = (*entries, *unclustered)
    return Assessment(snapshot, clustered, members, tuple(g.group for g in groups), analysis)


def _variation(tree: ClusterTree) -> Variation | None:
    return Variation(tree.nodes[-1].lcv_percent, tree.nodes[-1].alcv_angstrom) if tree.nodes else None


def _without(count: int, aside: Sequence[CellOutlier]) -> tuple[int, ...]:
    left_out = {outlier.serial for outlier in aside}
    return tuple(serial for serial in range(1, count + 1) if serial not in left_out)


def _entries(
    crystals: Sequence[SpokenCrystal],
    common: CommonSetting,
    outliers: Sequence[CellOutlier],
    inliers: set[int],
) -> list[ReportMember]:
    """Return what the report says of each crystal that is clustered."""
    found = {outlier.serial: outlier for outlier in outliers}
    largest_z: Floats = robust_z(common.cells).max(axis=1)
    entries = []
    for serial, crystal in enumerate(crystals, start=1):
        outlier = found.get(serial)
        sentences = (
            outlier.sentence if outlier else "",
            origin_of_cell(crystal.candidate),
            word_sentence(crystal.word),
        )
        entries.append(
            ReportMember(
                member=crystal.candidate.member,
                serial=serial,
                standing=Standing.MEMBER if serial in inliers else Standing.OUTLIER,
                common_cell=tuple(float(value) for value in common.cells[serial - 1]),
                operator=common.operators[serial - 1],
                robust_z=float(largest_z[serial - 1]),
                reason=outlier.reason if outlier else "",
                sentence=" ".join(filter(None, sentences)),
                decision_id=crystal.word.decision_id if crystal.word else None,
            )
        )
    return entries
