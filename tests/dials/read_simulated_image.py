"""Read one image with dxtbx. Run by the DIALS Python: IMAGE OUTPUT."""

import hashlib
import json
import sys
from pathlib import Path

import dxtbx  # type: ignore[import-not-found]


def main(image_path: str, output: str) -> None:
    """Write the models that dxtbx makes of the header, and a digest of the pixels, as JSON."""
    image = dxtbx.load(image_path)
    panel, scan = image.get_detector()[0], image.get_scan()
    facts = {
        "format": type(image).__name__,
        "image_size_px": panel.get_image_size(),
        "trusted_range": panel.get_trusted_range(),
        "origin_mm": panel.get_origin(),
        "fast_axis": panel.get_fast_axis(),
        "slow_axis": panel.get_slow_axis(),
        "attenuation_per_mm": panel.get_mu(),
        "sensor_mm": panel.get_thickness(),
        "masked_px": len(panel.get_mask()),
        "s0": image.get_beam().get_s0(),
        "rotation_axis": image.get_goniometer().get_rotation_axis(),
        "oscillation_deg": scan.get_oscillation(),
        "exposure_s": scan.get_exposure_times()[0],
        "epoch_s": scan.get_epochs()[0],
        "image_number": scan.get_image_range()[0],
        "pixels_sha256": hashlib.sha256(image.get_raw_data().as_numpy_array().tobytes()).hexdigest(),
    }
    Path(output).write_text(json.dumps(facts))


if __name__ == "__main__":
    main(*sys.argv[1:])
