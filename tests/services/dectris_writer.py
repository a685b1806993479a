"""Master and data files as DECTRIS's own writer leaves them: no NXmx, a link for each data file.

No maintained writer makes these but the detector's. Fields and their meaning: DECTRIS's file format as dxtbx
3.12 reads it, FormatHDF5EigerNearlyNexus.py.
"""

from collections.abc import Mapping

import h5py
import hdf5plugin
import numpy as np
from tests.services.nxmx_writer import LIBVER, Frames, Nxmx

from beamloop.simulate.geometry import header_beam_centre_px
from beamloop.simulate.pilatus import COUNT_CUTOFF, PIXEL_MM, SENSOR_MM
from beamloop.simulate.plan import CollectionPlan

DATA = "entry/data/data"
CLASSES = {
    "entry": "NXentry",
    "entry/data": "NXdata",
    "entry/instrument": "NXinstrument",
    "entry/instrument/beam": "NXbeam",
    "entry/instrument/detector": "NXdetector",
    "entry/instrument/detector/detectorSpecific": "NXcollection",
    "entry/instrument/detector/geometry": "NXgeometry",
    "entry/instrument/detector/geometry/orientation": "NXorientation",
    "entry/instrument/detector/geometry/translation": "NXtranslation",
    "entry/sample": "NXsample",
    "entry/sample/goniometer": "NXtransformations",
}


def write_dectris(
    names: Nxmx, plan: CollectionPlan, frames: Frames, *, links: int | None = None, triggers: int = 1
) -> None:
    """Write all files of a sweep that starts at 0 deg.

    Parameters
    ----------
    names
        What the files are called and how many images each data file holds.
    plan
        What was simulated.
    frames
        The images, shape (images, slow, fast), counts.
    links
        How many data files the master names; None: those that there are.
    triggers
        In how many parts the images were asked for.
    """
    names.folder.mkdir(parents=True, exist_ok=True)
    packing = hdf5plugin.Bitshuffle(cname="lz4")
    for path, part in zip(names.data_files, names.parts(), strict=True):
        counts = frames[part].astype(np.uint32)
        with h5py.File(path, "w", libver=LIBVER) as file:
            file.create_dataset(DATA, data=counts, chunks=(1, *counts.shape[1:]), **packing)
    with h5py.File(names.master, "w", libver=LIBVER) as file:
        for group, nexus_class in CLASSES.items():
            file.require_group(group).attrs["NX_class"] = np.bytes_(nexus_class)
        for number in range(1, (links or len(names.data_files)) + 1):
            name = f"data_{number:06d}"
            file[f"entry/data/{name}"] = h5py.ExternalLink(f"{names.name}_{name}.h5", DATA)
        for field, value in _fields(plan, frames, triggers).items():
            file[f"entry/{field}"] = value
        for name in ("x_pixel_size", "y_pixel_size", "sensor_thickness"):
            file[f"entry/instrument/detector/{name}"].attrs["units"] = np.bytes_("m")
        file["entry/instrument/beam/incident_wavelength"].attrs["units"] = np.bytes_("angstrom")


def _fields(plan: CollectionPlan, frames: Frames, triggers: int) -> Mapping[str, object]:
    """Return what is said of beam, detector and scan; lengths in metres, angles in degrees."""
    detector, specific = "instrument/detector", "instrument/detector/detectorSpecific"
    pixel_m, distance_m = PIXEL_MM / 1000, plan.detector.distance_mm / 1000
    centre_m = [pixel * pixel_m for pixel in header_beam_centre_px(plan.detector)]
    return {
        "instrument/beam/incident_wavelength": plan.beam.wavelength_angstrom,
        f"{detector}/description": np.bytes_("Dectris Eiger simulated"),
        f"{detector}/detector_number": np.bytes_("E-00-0000"),
        f"{detector}/x_pixel_size": pixel_m,
        f"{detector}/y_pixel_size": pixel_m,
        f"{detector}/sensor_thickness": SENSOR_MM / 1000,
        f"{detector}/sensor_material": np.bytes_("Si"),
        f"{detector}/count_time": plan.exposure_s,
        f"{detector}/frame_time": plan.exposure_s,
        f"{detector}/bit_depth_readout": 32,
        f"{detector}/geometry/orientation/value": [-1.0, 0.0, 0.0, 0.0, -1.0, 0.0],
        f"{detector}/geometry/translation/distances": [*centre_m, -distance_m],
        f"{detector}/pixel_mask": (frames[0] < 0).astype(np.uint32),
        f"{specific}/nimages": len(frames) // triggers,
        f"{specific}/ntrigger": triggers,
        f"{specific}/countrate_correction_count_cutoff": COUNT_CUTOFF,
        "sample/goniometer/omega_range_average": plan.oscillation_deg,
    }
