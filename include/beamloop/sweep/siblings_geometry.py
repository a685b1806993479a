"""The siblings' detector in place of the header's, where a sweep gets its second chance."""

from dataclasses import replace

from beamloop.dials_cli.detector import DetectorSummary
from beamloop.sweep.work import StepWork

# Refined distances of narrow wedges scatter by 0.7 % (polyhedra: 505.8 to 513.2 mm); one that is off by more
# than this was collected elsewhere. A beam centre is off by a few pixels of 0.1 to 0.2 mm.
LARGEST_DISTANCE_FRACTION = 0.02
LARGEST_SHIFT_MM = 2.0


def with_siblings_detector(work: StepWork, detector: DetectorSummary) -> StepWork | None:
    """Return the step with a folder of its own and the options that put the detector where it is refined.

    Parameters
    ----------
    work
        The step import.
    detector
        As the header has it.

    Returns
    -------
    StepWork or None
        None where there are no siblings, where theirs was another detector position, and for several panels,
        of which DIALS cannot set a common distance.
    """
    siblings = work.run.parameters.siblings
    if siblings is None or detector.panel_count > 1:
        return None
    shift_mm = max(abs(siblings.beam_x_mm - detector.beam_x_mm), abs(siblings.beam_y_mm - detector.beam_y_mm))
    stretch_mm = abs(siblings.distance_mm - detector.distance_mm)
    if shift_mm > LARGEST_SHIFT_MM or stretch_mm > LARGEST_DISTANCE_FRACTION * detector.distance_mm:
        return None
    folder = work.staging / "siblings"
    folder.mkdir()
    # The order of Mosflm: slow, fast.
    set_detector = (
        f"geometry.detector.distance={siblings.distance_mm}",
        f"geometry.detector.mosflm_beam_centre={siblings.beam_y_mm},{siblings.beam_x_mm}",
    )
    parameters = work.run.parameters
    options = {**parameters.options, "import": (*set_detector, *work.options)}
    run = replace(work.run, parameters=replace(parameters, options=options))
    return replace(work, run=run, staging=folder)
