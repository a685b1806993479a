"""Predict a simulated sweep with DIALS's own predictor. Run by the DIALS Python: TRUTH SWEEP D_MIN OUTPUT."""

import json
import sys
from pathlib import Path
from typing import Any

from dials.algorithms.spot_prediction import (  # type: ignore[import-not-found]
    ScanStaticReflectionPredictor,
)
from dials.array_family import flex  # type: ignore[import-not-found]
from dxtbx.model import (  # type: ignore[import-not-found]
    BeamFactory,
    Crystal,
    Detector,
    Experiment,
    GoniometerFactory,
    ParallaxCorrectedPxMmStrategy,
    Scan,
)
from scitbx import matrix  # type: ignore[import-not-found]


def detector_of(truth: dict[str, Any], which: str = "true") -> Any:
    """Return the detector of a truth: the true one, or the header's."""
    detector, facts = Detector(), truth["detector"]
    for module in facts[which]["panels"]:
        panel = detector.add_panel()
        panel.set_name(module["name"])
        panel.set_image_size(module["size_px"])
        panel.set_pixel_size((facts["pixel_mm"], facts["pixel_mm"]))
        panel.set_trusted_range((-1, 1_000_000))
        panel.set_frame(module["fast_axis"], module["slow_axis"], module["origin_mm"])
        panel.set_thickness(facts["sensor_mm"])
        panel.set_mu(facts["attenuation_per_mm"])
        panel.set_px_mm_strategy(
            ParallaxCorrectedPxMmStrategy(facts["attenuation_per_mm"], facts["sensor_mm"])
        )
    return detector


def _experiment(truth: dict[str, Any], sweep: dict[str, Any]) -> Any:
    a_matrix = matrix.sqr([x for row in sweep["crystal"]["a_matrix_per_angstrom"] for x in row])
    axes = a_matrix.inverse()
    return Experiment(
        beam=BeamFactory.simple(truth["wavelength_angstrom"]),
        detector=detector_of(truth),
        goniometer=GoniometerFactory.single_axis(),
        scan=Scan(
            (sweep["first_image"], sweep["last_image"]), (sweep["start_angle_deg"], sweep["oscillation_deg"])
        ),
        # P 1: absent reflections are predicted too, which does no harm.
        crystal=Crystal(axes[0:3], axes[3:6], axes[6:9], space_group_symbol="P 1"),
    )


def main(truth_path: str, name: str, d_min: str, output: str) -> None:
    """Write index triples, panels, pixel positions in the panel and angles in degrees, as columns of JSON."""
    truth = json.loads(Path(truth_path).read_text())
    sweep = next(sweep for sweep in truth["sweeps"] if sweep["name"] == name)
    experiment = _experiment(truth, sweep)
    # Not reflection_table.from_predictions: without images it takes every experiment for a still.
    predictor = ScanStaticReflectionPredictor(experiment, dmin=float(d_min))
    # Importing flex is what lets the predictor return a table.
    predicted: flex.reflection_table = predictor.for_ub(experiment.crystal.get_A())
    x_px, y_px, _ = predicted["xyzcal.px"].parts()
    phi_rad = predicted["xyzcal.mm"].parts()[2]
    columns = {
        "hkl": [list(index) for index in predicted["miller_index"]],
        "panel": list(predicted["panel"]),
        "x_px": list(x_px),
        "y_px": list(y_px),
        "phi_deg": [angle * 180.0 / matrix.math.pi for angle in phi_rad],
    }
    Path(output).write_text(json.dumps(columns))


if __name__ == "__main__":
    main(*sys.argv[1:])
