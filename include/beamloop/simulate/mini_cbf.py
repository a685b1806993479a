"""Mini-CBF files as DECTRIS's camserver writes them."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import datetime

from beamloop.simulate.arrays import Ints
from beamloop.simulate.byte_offset import compress
from beamloop.simulate.pilatus import COUNT_CUTOFF, PIXEL_MM, SENSOR_MM

READ_OUT_S = 0.0023  # dead time of a Pilatus 2 between two images
_START_OF_DATA = b"\x0c\x1a\x04\xd5"
_PADDING = bytes(4095)


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """What the header says of one image."""

    name: str  # "xtal2_1_00001"
    model: str  # "1M"
    size_px: tuple[int, int]  # (981, 1043): fast, slow
    taken_at: datetime  # UTC
    exposure_s: float  # 0.1, read-out included
    wavelength_angstrom: float  # 0.978
    distance_mm: float  # 240.0
    beam_centre_px: tuple[float, float]  # (490.5, 521.5): fast, slow
    start_angle_deg: float  # 12.5
    oscillation_deg: float  # 0.5
    polarization_fraction: float  # 0.99


def header_text(header: ImageHeader) -> str:
    """Return the text in front of the binary section, lines ending with a line feed."""
    return f"""###CBF: VERSION 1.5, CBFlib v0.7.8 - PILATUS detectors

data_{header.name}

_array_data.header_convention "PILATUS_1.2"
_array_data.header_contents
;
# Detector: PILATUS {header.model}, S/N 00-0000 Beamloop simulator
# {header.taken_at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]}
# Pixel_size {PIXEL_MM * 1000:.0f}e-6 m x {PIXEL_MM * 1000:.0f}e-6 m
# Silicon sensor, thickness {SENSOR_MM / 1000:.6f} m
# Exposure_time {header.exposure_s - READ_OUT_S:.7f} s
# Exposure_period {header.exposure_s:.7f} s
# Tau = 124.0e-09 s
# Count_cutoff {COUNT_CUTOFF} counts
# Threshold_setting: {12398.42 / header.wavelength_angstrom / 2:.0f} eV
# Gain_setting: mid gain (vrf = -0.200)
# N_excluded_pixels = 0
# Excluded_pixels: (nil)
# Flat_field: (nil)
# Trim_file: (nil)
# Image_path: /ramdisk/
# Wavelength {header.wavelength_angstrom:.5f} A
# Energy_range (0, 0) eV
# Detector_distance {header.distance_mm / 1000:.6f} m
# Detector_Voffset 0.00000 m
# Beam_xy ({header.beam_centre_px[0]:.3f}, {header.beam_centre_px[1]:.3f}) pixels
# Flux 0.000000
# Filter_transmission 1.0000
# Start_angle {header.start_angle_deg:.4f} deg.
# Angle_increment {header.oscillation_deg:.4f} deg.
# Detector_2theta 0.0000 deg.
# Polarization {header.polarization_fraction:.3f}
# Alpha 0.0000 deg.
# Kappa 0.0000 deg.
# Phi {header.start_angle_deg:.4f} deg.
# Phi_increment {header.oscillation_deg:.4f} deg.
# Chi 0.0000 deg.
# Chi_increment 0.0000 deg.
# Oscillation_axis X, CW
# N_oscillations 1
;

"""


def encode_image(header: ImageHeader, counts: Ints) -> bytes:
    """Return the bytes of a whole file.

    Parameters
    ----------
    header
        Of this image.
    counts
        Flat, row by row (fast varies first), shape (slow * fast,).
    """
    data = compress(counts)
    digest = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode("ascii")
    width, height = header.size_px
    section = f"""_array_data.data
;
--CIF-BINARY-FORMAT-SECTION--
Content-Type: application/octet-stream;
     conversions="x-CBF_BYTE_OFFSET"
Content-Transfer-Encoding: BINARY
X-Binary-Size: {len(data)}
X-Binary-ID: 1
X-Binary-Element-Type: "signed 32-bit integer"
X-Binary-Element-Byte-Order: LITTLE_ENDIAN
Content-MD5: {digest}
X-Binary-Number-of-Elements: {width * height}
X-Binary-Size-Fastest-Dimension: {width}
X-Binary-Size-Second-Dimension: {height}
X-Binary-Size-Padding: {len(_PADDING)}

"""
    text = (header_text(header) + section).replace("\n", "\r\n").encode("ascii")
    tail = b"\r\n--CIF-BINARY-FORMAT-SECTION----\r\n;\r\n\r\n"
    return b"".join([text, _START_OF_DATA, data, _PADDING, tail])
