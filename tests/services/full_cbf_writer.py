"""Full CBF files with an array for each module, mounted in groups, as imgCIF describes such detectors.

Mini-CBF says nothing of modules, and full CBF of a Pilatus has one array; detectors of several arrays, as the
CSPAD was, name an axis for each part and the equipment that it belongs to. The arrays are not compressed: of
several in byte-offset compression dxtbx 3.12 reads the first one only.
"""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from tests.services.nxmx_writer import Frames

from beamloop.simulate.geometry import Panel, header_geometry, module_groups
from beamloop.simulate.pilatus import COUNT_CUTOFF, PIXEL_MM
from beamloop.simulate.plan import CollectionPlan

START_OF_DATA = b"\x0c\x1a\x04\xd5"
TAIL = b"\r\n--CIF-BINARY-FORMAT-SECTION----\r\n;\r\n"

Row = Sequence[object]


def write_full_cbf(folder: Path, plan: CollectionPlan, frames: Frames, sweep_index: int = 0) -> None:
    """Write every image of a simulated sweep."""
    folder.mkdir(parents=True)
    name = plan.sweeps[sweep_index].name
    for number, frame in enumerate(frames, start=1):
        head = _tables(plan, sweep_index, number)
        path = folder / f"{name}_{number:05}.cbf"
        path.write_bytes(head.replace("\n", "\r\n").encode("ascii") + b"".join(_arrays(plan, frame)))


def _loop(category: str, columns: str, rows: Sequence[Row]) -> str:
    heads = "\n".join(f"_{category}.{column}" for column in columns.split())
    return f"\nloop_\n{heads}\n" + "\n".join(" ".join(map(str, row)) for row in rows) + "\n"


def _tables(plan: CollectionPlan, sweep_index: int, number: int) -> str:
    panels = header_geometry(plan.detector).panels
    start = plan.sweeps[sweep_index].start_angle_deg + (number - 1) * plan.oscillation_deg
    step, distance_mm = plan.oscillation_deg, plan.detector.distance_mm
    exposure = f"{plan.exposure_s:.6f}"
    names = [panel.name.upper() for panel in panels]
    axes = list(_axes(plan, panels))
    still = [str(axis[0]) for axis in axes if axis[2] == "detector" and axis[0] != "DET_Z"]
    detector_axes = ["DET_Z", *(name for name in still if name.startswith("GROUP"))]
    return "".join((
        f"###CBF: VERSION 1.5\n\ndata_image_{number}\n\n_diffrn.id SIMULATED\n_diffrn.crystal_id xtal001\n",
        _loop("diffrn_source", "diffrn_id source type", [("SIMULATED", "synchrotron", "Beamloop")]),
        _loop("diffrn_radiation", "diffrn_id wavelength_id monochromator polarizn_source_ratio "
              "polarizn_source_norm div_x_source div_y_source div_x_y_source",
              [("SIMULATED", "W1", "'Si 111'", 0.99, 0.0, 0.0, 0.0, 0.0)]),
        _loop("diffrn_radiation_wavelength", "id wavelength wt", [("W1", plan.beam.wavelength_angstrom, 1)]),
        _loop("diffrn_detector", "diffrn_id id type number_of_axes",
              [("SIMULATED", "det", "'Simulated modules'", len(detector_axes))]),
        _loop("diffrn_detector_axis", "detector_id axis_id", [("det", name) for name in detector_axes]),
        _loop("diffrn_detector_element", "id detector_id", [(f"ELE_{name}", "det") for name in names]),
        _loop("diffrn_data_frame", "id detector_element_id array_id binary_id",
              [("F1", f"ELE_{name}", name, place) for place, name in enumerate(names, start=1)]),
        _loop("diffrn_scan", "id frame_id_start frame_id_end frames", [("S1", "F1", "F1", 1)]),
        _loop("diffrn_measurement", "diffrn_id id number_of_axes method sample_detector_distance",
              [("SIMULATED", "GONIOMETER", 1, "rotation", distance_mm)]),
        _loop("diffrn_measurement_axis", "measurement_id axis_id", [("GONIOMETER", "OMEGA")]),
        _loop("diffrn_scan_axis", "scan_id axis_id angle_start angle_range angle_increment "
              "displacement_start displacement_range displacement_increment",
              [("S1", "OMEGA", start, step, step, 0, 0, 0), ("S1", "DET_Z", 0, 0, 0, distance_mm, 0, 0),
               *(("S1", name, 0, 0, 0, 0, 0, 0) for name in still)]),
        _loop("diffrn_scan_frame", "frame_id frame_number integration_time exposure_time scan_id date",
              [("F1", 1, exposure, exposure, "S1", f"{plan.started_at:%Y-%m-%dT%H:%M:%S}")]),
        _loop("diffrn_scan_frame_axis", "frame_id axis_id angle displacement",
              [("F1", "OMEGA", start, 0), ("F1", "DET_Z", 0, distance_mm),
               *(("F1", name, 0, 0) for name in still)]),
        _loop("axis", "id type equipment depends_on vector[1] vector[2] vector[3] "
              "offset[1] offset[2] offset[3] equipment_component", axes),
        _loop("array_structure_list", "array_id index dimension precedence direction axis_set_id",
              [(name, place + 1, panel.size_px[place], place + 1, "increasing", f"{name}_{axis}")
               for name, panel in zip(names, panels, strict=True) for place, axis in enumerate("FS")]),
        _loop("array_structure_list_axis", "axis_set_id axis_id displacement displacement_increment",
              [(f"{name}_{axis}", f"{name}_{axis}", 0.0, PIXEL_MM) for name in names for axis in "FS"]),
        _loop("array_intensities", "array_id binary_id linearity gain gain_esd overload undefined_value",
              [(name, place, "linear", 1.0, ".", COUNT_CUTOFF, -1)
               for place, name in enumerate(names, start=1)]),
        _loop("array_structure", "id encoding_type compression_type byte_order",
              [(name, '"signed 32-bit integer"', "NONE", "little_endian") for name in names]),
        "\nloop_\n_array_data.array_id\n_array_data.binary_id\n_array_data.data\n",
    ))  # fmt: skip


def _axes(plan: CollectionPlan, panels: Sequence[Panel]) -> Iterator[Row]:
    """Yield the axes: goniometer, rail, groups on it, and the modules' slow and fast ones."""
    yield "OMEGA", "rotation", "goniometer", ".", 1, 0, 0, ".", ".", ".", "."
    yield "SOURCE", "general", "source", ".", 0, 0, 1, ".", ".", ".", "."
    yield "GRAVITY", "general", "gravity", ".", 0, -1, 0, ".", ".", ".", "."
    yield "DET_Z", "translation", "detector", ".", 0, 0, -1, 0, 0, 0, "rail"
    for number, members in enumerate(module_groups(plan.detector), start=1):
        corner_mm = np.array(panels[members[0]].origin_mm)
        group, on_rail_mm = f"GROUP_{number}", corner_mm - np.array([0.0, 0.0, -plan.detector.distance_mm])
        yield group, "translation", "detector", "DET_Z", 0, 0, 1, *_mm(on_rail_mm), group.lower()
        for member in members:
            panel, name = panels[member], panels[member].name.upper()
            place_mm = _mm(np.array(panel.origin_mm) - corner_mm)
            kind = "translation", "detector"
            yield f"{name}_S", *kind, group, *panel.slow_axis, *place_mm, name.lower()
            yield f"{name}_F", *kind, f"{name}_S", *panel.fast_axis, 0, 0, 0, name.lower()


def _mm(vector: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[float]:
    return [round(float(value), 6) for value in vector]


def _arrays(plan: CollectionPlan, frame: Frames) -> Iterator[bytes]:
    for place, panel in enumerate(header_geometry(plan.detector).panels, start=1):
        (x, y), (width, height) = panel.first_pixel, panel.size_px
        data = frame[y : y + height, x : x + width].astype("<i4").tobytes()
        digest = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode("ascii")
        section = f"""{panel.name.upper()} {place}
;
--CIF-BINARY-FORMAT-SECTION--
Content-Type: application/octet-stream
Content-Transfer-Encoding: BINARY
X-Binary-Size: {len(data)}
X-Binary-ID: {place}
X-Binary-Element-Type: "signed 32-bit integer"
X-Binary-Element-Byte-Order: LITTLE_ENDIAN
Content-MD5: {digest}
X-Binary-Number-of-Elements: {width * height}
X-Binary-Size-Fastest-Dimension: {width}
X-Binary-Size-Second-Dimension: {height}
X-Binary-Size-Third-Dimension: 1

"""
        yield section.replace("\n", "\r\n").encode("ascii") + START_OF_DATA + data + TAIL
