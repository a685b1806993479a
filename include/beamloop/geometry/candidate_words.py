"""A candidate in plain words, as messages tell people of it who see no table."""

from collections.abc import Iterator, Sequence

from beamloop.records.evidence import Evidence
from beamloop.records.geometry import GeometryId, GeometryVersion, WaitingCandidate
from beamloop.records.plain_text import plain_line

NAMED_AT_MOST = 5


def describe_detector(version: GeometryVersion) -> str:
    """Say which detector a version is, how it was refined, and where it stands."""
    return (
        f"{plain_line(version.detector)}: {panels(version)} refined at level {version.hierarchy_level}, "
        f"{distance(version)}."
    )


def panels(version: GeometryVersion) -> str:
    """Count a version's panels: "one panel", "24 panels"."""
    return "one panel" if version.panel_count == 1 else f"{version.panel_count} panels"


def distance(version: GeometryVersion) -> str:
    """Say where a version has the detector: "250.370 mm (+0.370 mm from the header's)"."""
    header_mm = version.use.header_distance_mm
    header = "" if header_mm is None else f" ({version.distance_mm - header_mm:+.3f} mm from the header's)"
    return f"{version.distance_mm:.3f} mm{header}"


def serving(serving_id: GeometryId | None) -> str:
    """Name what serves: "geometry 5", "the headers' geometry"."""
    return "the headers' geometry" if serving_id is None else f"geometry {serving_id}"


def tell_gain(evidence: Evidence, panel_count: int) -> Iterator[str]:
    """Say in sentences what a version does to data that it was not refined against."""
    before, after = evidence.held_out_rmsd_before_mm, evidence.held_out_rmsd_after_mm
    axes = " and ".join(
        f"{was * 1000:.1f} um along {axis}, with it {now * 1000:.1f} um ({_change(was, now)})"
        for axis, was, now in zip("xy", before, after, strict=True)
    )
    yield (
        f"On {evidence.held_out_count} reflections that it was not refined against, spots lie off their "
        f"predictions by {axes}, rms."
    )
    agreement = (
        ""
        if evidence.half_split_um is None
        else f"; two halves of the data agree to {evidence.half_split_um:.1f} um"
    )
    yield f"{evidence.covered_panel_count} of {panel_count} panels had enough reflections{agreement}."


def _change(was_mm: float, now_mm: float) -> str:
    if not was_mm:
        return "it was none"
    percent = round(100 * (now_mm / was_mm - 1))
    return "as much" if percent == 0 else f"{abs(percent)} % {'less' if percent < 0 else 'more'}"


def name_others(waiting: Sequence[WaitingCandidate]) -> str:
    """Name the other candidates of the detector: "geometry 5 (250.1 mm, made 2026-11-20 03:12 UTC)"."""
    return ", ".join(
        f"geometry {one.geometry_id} ({one.distance_mm:.1f} mm, made {one.made_at:%Y-%m-%d %H:%M} UTC)"
        for one in waiting[:NAMED_AT_MOST]
    )
