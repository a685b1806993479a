"""Which crystals were measured on one setup, and what of it they can share."""

from collections.abc import Sequence
from statistics import median

from beamloop.joint.crystals import Crystal
from beamloop.records.joint import CrystalKey

# Refined alone, wedges put the detector up to 1 % nearer or further (polyhedra: 508.2-513.9 mm), a beam
# centre of a header may be 3 mm off; a detector that was moved stands tens of millimetres away.
LARGEST_SHIFT = 0.05  # of distance and beam centre, over the median distance
# A monochromator drifts by 1e-4; the next experiment's wavelength is 1e-3 away and more.
LARGEST_WAVELENGTH_CHANGE = 5e-4  # over the median
# Kappa is set to 0.01 deg and better; a crystal's own orientation takes up what is left.
LARGEST_TURN_DEG = 0.02
MODELS = ("beam", "detector")


def strangers(crystals: Sequence[Crystal]) -> dict[CrystalKey, str]:
    """Name the crystals that cannot share beam and detector with most of the others, and why.

    Parameters
    ----------
    crystals
        The members of one group; at least one.

    Returns
    -------
    dict
        By run and number.
    """
    found = {}
    models = [crystal.model for crystal in crystals]
    distance_mm = median(model.detector.distance_mm for model in models)
    wavelength = median(model.wavelength_angstrom for model in models)
    beam_mm = [median(xy) for xy in zip(*(_beam_mm(crystal) for crystal in crystals), strict=True)]
    panels = sorted((model.detector.panel_count, model.detector.pixel_size_mm) for model in models)
    panel = panels[len(panels) // 2]
    for crystal in crystals:
        model = crystal.model
        off_mm = max(abs(a - b) for a, b in zip(_beam_mm(crystal), beam_mm, strict=True))
        own = (model.detector.panel_count, model.detector.pixel_size_mm)
        if own != panel and own[1] == panel[1] and 1 in (own[0], panel[0]):
            found[crystal.key] = _straddles(own[0], panel[0])
        elif own != panel:
            found[crystal.key] = "it was measured with another detector"
        elif abs(model.detector.distance_mm - distance_mm) > LARGEST_SHIFT * distance_mm:
            own_mm = model.detector.distance_mm
            found[crystal.key] = f"its detector stood at {own_mm:.1f} mm, the others' at {distance_mm:.1f} mm"
        elif off_mm > LARGEST_SHIFT * distance_mm:
            found[crystal.key] = f"its beam meets the detector {off_mm:.1f} mm from where the others' does"
        elif abs(model.wavelength_angstrom - wavelength) > LARGEST_WAVELENGTH_CHANGE * wavelength:
            found[crystal.key] = (
                f"its wavelength was {model.wavelength_angstrom:.5f} Å, the others' {wavelength:.5f} Å"
            )
    return found


def _straddles(own_count: int, others_count: int) -> str:
    """Say why a sweep before a promotion from one panel to several cannot go with those after it."""
    return (
        f"its detector was imported in {own_count} panel{'' if own_count == 1 else 's'}, the others' in "
        f"{others_count}, as it is when a geometry of several panels serves a part of the group only; let it "
        "serve all of them (`beamloop geometry promote --from`) and process the older sweeps again"
    )


def _beam_mm(crystal: Crystal) -> tuple[float, float]:
    return crystal.model.detector.beam_x_mm, crystal.model.detector.beam_y_mm


def shared_models(crystals: Sequence[Crystal]) -> tuple[str, ...]:
    """Return what the crystals share: beam and detector, and the goniometer where all are set alike."""
    first, *others = [crystal.model.goniometer for crystal in crystals]
    alike = first is not None and all(
        other is not None and first.differs_deg(other) <= LARGEST_TURN_DEG for other in others
    )
    return (*MODELS, "goniometer") if alike else MODELS
