"""What a geometry must show before it may serve."""

from collections.abc import Iterator
from math import hypot

from beamloop.records.evidence import Evidence, PanelEvidence
from beamloop.records.geometry import GeometryGate, GeometryVersion
from beamloop.records.plain_text import plain_line

# The ratio of two RMSDs of so many reflections, the same on both sides, is known well enough to tell a panel
# that another one's correction was given to from one that was left where it is; docs/decisions/0024.
ENOUGH_ON_A_PANEL = 50
NAMED_AT_MOST = 5


def faults(version: GeometryVersion, gate: GeometryGate) -> list[str]:
    """Say in what a version falls short, a sentence for each; empty where it may serve.

    A version without evidence on held-out data always falls short.
    """
    evidence = version.evidence
    if evidence is None:
        return ["There is no evidence on held-out data."]
    return [
        *_held_out(evidence, gate),
        *_panels(evidence, version, gate),
        *_each_panel(evidence, version.panel_count, gate),
        *_distance(version, gate),
    ]


def _held_out(evidence: Evidence, gate: GeometryGate) -> Iterator[str]:
    if evidence.held_out_count < gate.least_held_out_count:
        yield (
            f"{evidence.held_out_count} held-out reflections are too few: "
            f"{gate.least_held_out_count} are needed."
        )
    pairs = zip("xy", evidence.held_out_rmsd_before_mm, evidence.held_out_rmsd_after_mm, strict=True)
    for axis, before_mm, after_mm in pairs:
        if after_mm > gate.largest_held_out_ratio * before_mm:
            yield (
                f"Held-out reflections fit worse along {axis}: RMSD {before_mm:.4f} mm before, "
                f"{after_mm:.4f} mm after; {gate.largest_held_out_ratio:g} times is allowed."
            )


def _panels(evidence: Evidence, version: GeometryVersion, gate: GeometryGate) -> Iterator[str]:
    panel_count = version.panel_count
    if evidence.covered_panel_count < gate.least_covered_fraction * panel_count:
        yield (
            f"{evidence.covered_panel_count} of {panel_count} panels had enough reflections: "
            f"{gate.least_covered_fraction:.0%} are needed."
        )
    split_um = evidence.half_split_um
    # At level 0 no panel moved against another: there is nothing on which two halves could differ.
    if panel_count > 1 and version.hierarchy_level > 0 and split_um is None:
        yield "It is not said how well two halves of the data agree on the panels' positions."
    if split_um is not None and split_um > gate.largest_half_split_um:
        yield (
            f"Two halves of the data put the panels {split_um:.1f} um apart; "
            f"{gate.largest_half_split_um:g} um are allowed."
        )


def _each_panel(evidence: Evidence, panel_count: int, gate: GeometryGate) -> Iterator[str]:
    """Find panels that are not where they should be: exchanged, misnamed, or refined from wrong indices."""
    if panel_count > 1 and len(evidence.panels) != panel_count:
        yield (
            f"It is said of {len(evidence.panels)} of {panel_count} panels how they fit held-out reflections."
        )
    worse = [panel for panel in evidence.panels if _ratio(panel) > gate.largest_panel_ratio]
    if worse:
        yield (
            f"Held-out reflections fit worse on {_names(worse, panel_count)}, up to "
            f"{max(map(_ratio, worse)):.2f} times; {gate.largest_panel_ratio:g} times is allowed. "
            "Such panels may have got each other's corrections."
        )
    far = [panel for panel in evidence.panels if _shift_um(panel) > gate.largest_panel_shift_um]
    if far:
        yield (
            f"Against the others, {_names(far, panel_count)} moved by up to "
            f"{max(map(_shift_um, far)):.0f} um; {gate.largest_panel_shift_um:g} um are allowed. "
            "Such panels may be exchanged or indexed wrongly."
        )


def _ratio(panel: PanelEvidence) -> float:
    """Return RMSD after over before on the panel, x and y together; 0 where too few reflections tell."""
    if panel.held_out_count < ENOUGH_ON_A_PANEL:
        return 0.0
    before_mm = hypot(*panel.held_out_rmsd_before_mm)
    return hypot(*panel.held_out_rmsd_after_mm) / before_mm if before_mm else 0.0


def _shift_um(panel: PanelEvidence) -> float:
    return hypot(*panel.shift_um)


def _names(panels: list[PanelEvidence], panel_count: int) -> str:
    """Name some panels, the first few by name."""
    named = ", ".join(plain_line(panel.name) for panel in panels[:NAMED_AT_MOST])
    more = f" and {len(panels) - NAMED_AT_MOST} more" if len(panels) > NAMED_AT_MOST else ""
    return f"{len(panels)} of {panel_count} panels ({named}{more})"


def _distance(version: GeometryVersion, gate: GeometryGate) -> Iterator[str]:
    header_mm = version.use.header_distance_mm
    if header_mm is None:
        return
    fraction = abs(version.distance_mm - header_mm) / header_mm
    if fraction > gate.largest_distance_fraction:
        yield (
            f"The distance is {version.distance_mm:.2f} mm where the header has {header_mm:.2f} mm: "
            f"{fraction:.1%} off, {gate.largest_distance_fraction:.1%} are allowed."
        )
