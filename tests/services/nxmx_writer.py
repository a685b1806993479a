"""NXmx files as a beamline writes them: a master by nexgen, data files beside it.

nexgen is the writer that Diamond's beamlines use. Only tests need it: `beamloop simulate` does not write NXmx
because its users would have to install nexgen for that alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
from nexgen.nxs_utils.axes import Axis, TransformationType
from nexgen.nxs_utils.detector import Detector, SinglaDetector
from nexgen.nxs_utils.goniometer import Goniometer
from nexgen.nxs_utils.source import Attenuator, Beam, Facility, Source
from nexgen.nxs_write.nxmx_writer import NXmxFileWriter
from numpy.typing import NDArray

from beamloop.simulate.geometry import Panel, header_beam_centre_px, header_geometry, module_groups
from beamloop.simulate.pilatus import COUNT_CUTOFF, PIXEL_MM, SENSOR_MM, image_size_px
from beamloop.simulate.plan import CollectionPlan
from beamloop.simulate.scene import scene_of

# What HDF5 1.10, which Debian's DIALS has, can read; h5py's own newest format it cannot.
LIBVER = ("earliest", "v110")

MCSTAS = np.array([-1.0, 1.0, -1.0])  # x and z of dxtbx's frame turned round
ALONG_BEAM = "/entry/instrument/detector/transformations/det_z"

Frames = NDArray[np.int32]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Nxmx:
    """Where the files of one sweep go and how its images are shared out."""

    folder: Path
    name: str = "xtal1_1"
    frames_of_files: Sequence[int] = (2, 2)  # images in each data file

    @property
    def master(self) -> Path:
        """The master file."""
        return self.folder / f"{self.name}_master.h5"

    @property
    def data_files(self) -> list[Path]:
        """The data files."""
        count = len(self.frames_of_files)
        return [self.folder / f"{self.name}_data_{number:06d}.h5" for number in range(1, count + 1)]

    def parts(self) -> list[slice]:
        """Which images each data file holds."""
        ends = np.cumsum(self.frames_of_files)
        return [
            slice(int(end) - count, int(end)) for end, count in zip(ends, self.frames_of_files, strict=True)
        ]


def simulated_frames(plan: CollectionPlan, sweep_index: int) -> Frames:
    """Return the images of a simulated sweep, shape (images, slow, fast), counts."""
    width, height = image_size_px(plan.detector.model)
    scene = scene_of(plan)
    numbers = range(1, plan.sweeps[sweep_index].images + 1)
    return np.stack([scene.counts(sweep_index, n).reshape(height, width) for n in numbers]).astype(np.int32)


def write_nxmx(nxmx: Nxmx, plan: CollectionPlan, frames: Frames, sweep_index: int = 0) -> None:
    """Write master and data files, whole."""
    nxmx.folder.mkdir(parents=True, exist_ok=True)
    write_master(nxmx, plan, frames, sweep_index)
    for number in range(len(nxmx.frames_of_files)):
        write_data_file(nxmx, frames, number)


def write_data_file(nxmx: Nxmx, frames: Frames, number: int, written: int | None = None) -> None:
    """Write one data file, counted from 0; only its first `written` images where that is said."""
    part = frames[nxmx.parts()[number]]
    packing = hdf5plugin.Bitshuffle(cname="lz4")
    with h5py.File(nxmx.data_files[number], "w", libver=LIBVER) as file:
        data = file.create_dataset("data", part.shape, part.dtype, chunks=(1, *part.shape[1:]), **packing)
        data[:written] = part[:written]


def write_master(nxmx: Nxmx, plan: CollectionPlan, frames: Frames, sweep_index: int = 0) -> None:
    """Write the master: metadata and links by nexgen, then a virtual data set over all data files.

    nexgen's own virtual data set takes every data file for one of 1000 images.
    """
    # nexgen's file stays open where it fails; and it will not write over one.
    nxmx.master.unlink(missing_ok=True)
    start = plan.started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    _writer(nxmx, plan, frames, sweep_index).write(image_datafiles=nxmx.data_files, start_time=start)
    layout = h5py.VirtualLayout(frames.shape, frames.dtype)
    for path, part in zip(nxmx.data_files, nxmx.parts(), strict=True):
        layout[part] = h5py.VirtualSource(path.name, "data", shape=frames[part].shape)
    with h5py.File(nxmx.master, "r+", libver=LIBVER) as file:
        file["entry/data"].create_virtual_dataset("data", layout, fillvalue=-1)
        file["entry/instrument/detector/pixel_mask"] = (frames[0] < 0).astype(np.uint32)


def write_modules(nxmx: Nxmx, plan: CollectionPlan, *, keep_mask: bool = False) -> None:
    """Give the master a module for each of the Pilatus, on an axis for each group and one for each module.

    dxtbx 3.12 cannot cut a pixel mask into modules that stand side by side.
    """
    panels = header_geometry(plan.detector).panels
    with h5py.File(nxmx.master, "r+", libver=LIBVER) as file:
        detector = file["entry/instrument/detector"]
        del detector["module"]
        if not keep_mask:
            del detector["pixel_mask"]
        for number, members in enumerate(module_groups(plan.detector), start=1):
            corner_mm = np.array(panels[members[0]].origin_mm)
            on_rail_mm = corner_mm - (0.0, 0.0, -plan.detector.distance_mm)
            group = _write_axis(detector["transformations"], f"group_{number}", ALONG_BEAM, on_rail_mm)
            for member in members:
                module = detector.create_group(f"module_{member:02}")
                module.attrs["NX_class"] = "NXdetector_module"
                in_group_mm = np.array(panels[member].origin_mm) - corner_mm
                _write_module(
                    module, panels[member], _write_axis(module, "module_offset", group, in_group_mm)
                )


def _write_axis(parent: h5py.Group, name: str, depends_on: str, offset_mm: Floats) -> str:
    """Write a frame that stands still; return its path."""
    axis = parent.create_dataset(name, data=np.array([0.0]))
    axis.attrs["depends_on"], axis.attrs["transformation_type"] = depends_on, "translation"
    axis.attrs["vector"], axis.attrs["units"] = (0.0, 0.0, 1.0), "mm"
    axis.attrs["offset"], axis.attrs["offset_units"] = offset_mm * MCSTAS, "mm"
    return str(axis.name)


def _write_module(module: h5py.Group, panel: Panel, depends_on: str) -> None:
    """Write which pixels of the image a module has, and how they run."""
    for name, size in (("data_origin", panel.first_pixel), ("data_size", panel.size_px)):
        module[name] = np.array(size[::-1], dtype=np.uint32)
    for name, vector in (("fast", panel.fast_axis), ("slow", panel.slow_axis)):
        pixel = module.create_dataset(f"{name}_pixel_direction", data=PIXEL_MM)
        pixel.attrs["depends_on"], pixel.attrs["transformation_type"] = depends_on, "translation"
        pixel.attrs["vector"], pixel.attrs["units"] = np.array(vector) * MCSTAS, "mm"
        pixel.attrs["offset"], pixel.attrs["offset_units"] = (0.0, 0.0, 0.0), "mm"


def _writer(nxmx: Nxmx, plan: CollectionPlan, frames: Frames, sweep_index: int) -> NXmxFileWriter:
    """Describe the experiment in the McStas frame: x and z of dxtbx's frame turned round."""
    sweep = plan.sweeps[sweep_index]
    camera = SinglaDetector(
        "Simulated PILATUS",
        list(frames.shape[1:]),
        pixel_size=[f"{PIXEL_MM}mm", f"{PIXEL_MM}mm"],
        sensor_thickness=f"{SENSOR_MM}mm",
        overload=COUNT_CUTOFF,
        underload=0,
    )
    along_beam = Axis(
        "det_z", ".", TransformationType.TRANSLATION, (0, 0, 1), start_pos=plan.detector.distance_mm
    )
    centre_px = list(header_beam_centre_px(plan.detector))
    omega = Axis(
        "omega",
        ".",
        TransformationType.ROTATION,
        (-1, 0, 0),
        start_pos=sweep.start_angle_deg,
        increment=plan.oscillation_deg,
        num_steps=len(frames),
    )
    return NXmxFileWriter(
        nxmx.master,
        Goniometer([omega]),
        Detector(camera, [along_beam], centre_px, plan.exposure_s, [(-1, 0, 0), (0, -1, 0)]),
        Source("simulated", Facility("Beamloop", "BL", "Synchrotron X-ray Source", "BEAMLOOP")),
        Beam(plan.beam.wavelength_angstrom),
        Attenuator(1.0),
        len(frames),
    )
