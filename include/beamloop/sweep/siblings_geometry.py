"""The siblings' detector in place of the header's, where a sweep gets its second chance."""

from beamloop.dials_cli.detector import DetectorSummary
from beamloop.records.siblings import Siblings

# Refined distances of narrow wedges scatter by 0.7 % (polyhedra: 505.8 to 513.2 mm); one that is off by more
# than this was collected elsewhere. A beam centre is off by a few pixels of 0.1 to 0.2 mm.
LARGEST_DISTANCE_FRACTION = 0.02
LARGEST_SHIFT_MM = 2.0


def siblings_options(siblings: Siblings, detector: DetectorSummary) -> tuple[str, ...]:
    """Return the options of dials.import that put the detector where the siblings have theirs refined.

    Parameters
    ----------
    siblings
        Whom the sweep owes its second chance.
    detector
        As the header or the geometry in force has it.

    Returns
    -------
    tuple of str
        None where theirs was another detector position, and for several panels, of which DIALS cannot set a
        common distance.
    """
    if detector.panel_count > 1:
        return ()
    shift_mm = max(abs(siblings.beam_x_mm - detector.beam_x_mm), abs(siblings.beam_y_mm - detector.beam_y_mm))
    stretch_mm = abs(siblings.distance_mm - detector.distance_mm)
    if shift_mm > LARGEST_SHIFT_MM or stretch_mm > LARGEST_DISTANCE_FRACTION * detector.distance_mm:
        return ()
    # The order of Mosflm: slow, fast.
    return (
        f"geometry.detector.distance={siblings.distance_mm}",
        f"geometry.detector.mosflm_beam_centre={siblings.beam_y_mm},{siblings.beam_x_mm}",
    )
