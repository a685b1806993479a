"""The bytes of simulated images: compression, header, noise."""

import base64
import hashlib
import re
from datetime import UTC, datetime

import numpy as np
import pytest

from beamloop.errors import InvalidInputError
from beamloop.simulate.arrays import Ints
from beamloop.simulate.background import BackgroundSampler, background_sampler
from beamloop.simulate.byte_offset import compress
from beamloop.simulate.geometry import true_geometry
from beamloop.simulate.mini_cbf import ImageHeader, encode_image
from beamloop.simulate.pilatus import image_size_px
from beamloop.simulate.plan import BackgroundPlan, DetectorPlan

pytestmark = pytest.mark.unit

START = b"\x0c\x1a\x04\xd5"


def decompress(data: bytes) -> list[int]:
    """Undo byte-offset compression one value at a time, straight from CBF's definition."""
    values, previous, at = [], 0, 0
    while at < len(data):
        for escape, width in ((b"\x80", 1), (b"\x00\x80", 2), (b"", 4)):
            piece = data[at : at + width]
            at += width
            if piece != escape:
                break
        previous += int.from_bytes(piece, "little", signed=True)
        values.append(previous)
    return values


@pytest.mark.parametrize(
    "values",
    [
        [0, 1, -1, 0],
        [127, 0, -127, 0],  # the longest one-byte steps
        [128, 0, -128, 0],  # -128 is the escape itself
        [32767, 0, -32767, 0],
        [32768, 0, -32768, 0],  # -32768 is the second escape
        [1048500, -1, 1048500, 5, 5, 300, -1],
        [0] * 1000,
    ],
)
def test_compressed_values_come_back(values: list[int]) -> None:
    assert decompress(compress(np.array(values, dtype=np.int32))) == values


def test_random_values_of_every_size_come_back() -> None:
    random = np.random.default_rng(5)
    values = (random.standard_normal(3000) * 10.0 ** random.integers(0, 9, 3000)).astype(np.int32)
    assert decompress(compress(values)) == values.tolist()


def test_small_steps_take_one_byte_each() -> None:
    assert len(compress(np.arange(100, dtype=np.int32))) == 100


@pytest.fixture
def header() -> ImageHeader:
    return ImageHeader(
        name="xtal2_1_00003",
        model="300K",
        size_px=(487, 619),
        taken_at=datetime(2026, 3, 5, 9, 1, 45, 613000, tzinfo=UTC),
        exposure_s=0.1,
        wavelength_angstrom=0.978,
        distance_mm=130.0,
        beam_centre_px=(243.5, 309.5),
        start_angle_deg=12.5,
        oscillation_deg=0.5,
        polarization_fraction=0.99,
    )


@pytest.fixture
def counts() -> Ints:
    return np.random.default_rng(1).poisson(1.0, 487 * 619).astype(np.int32)


@pytest.mark.parametrize(
    "line",
    [
        "# Detector: PILATUS 300K, S/N 00-0000 Beamloop simulator",
        "# 2026-03-05T09:01:45.613",
        "# Pixel_size 172e-6 m x 172e-6 m",
        "# Silicon sensor, thickness 0.000320 m",
        "# Exposure_time 0.0977000 s",
        "# Exposure_period 0.1000000 s",
        "# Count_cutoff 1048500 counts",
        "# Wavelength 0.97800 A",
        "# Detector_distance 0.130000 m",
        "# Beam_xy (243.500, 309.500) pixels",
        "# Start_angle 12.5000 deg.",
        "# Angle_increment 0.5000 deg.",
        "X-Binary-Size-Fastest-Dimension: 487",
        "X-Binary-Size-Second-Dimension: 619",
        f"X-Binary-Number-of-Elements: {487 * 619}",
    ],
)
def test_the_header_says_what_dxtbx_reads(header: ImageHeader, counts: Ints, line: str) -> None:
    text = encode_image(header, counts).split(START)[0].decode("ascii")
    assert line in text.split("\r\n")


def test_the_digest_and_the_size_are_those_of_the_data(header: ImageHeader, counts: Ints) -> None:
    image = encode_image(header, counts)
    text, rest = image.split(START, 1)
    size = re.search(rb"X-Binary-Size: (\d+)", text)
    digest = re.search(rb"Content-MD5: (\S+)", text)
    assert size is not None
    assert digest is not None
    data = rest[: int(size[1])]
    assert base64.b64encode(hashlib.md5(data).digest()) == digest[1]  # noqa: S324
    assert rest[len(data) : len(data) + 4095] == bytes(4095)
    assert rest[len(data) + 4095 :] == b"\r\n--CIF-BINARY-FORMAT-SECTION----\r\n;\r\n\r\n"


@pytest.fixture(scope="module")
def sampler() -> BackgroundSampler:
    plan = BackgroundPlan(air_counts=0.0, solvent_counts=0.0, flat_counts=1.5, beamstop_radius_mm=0.0)
    detector = DetectorPlan("300K", distance_mm=130.0)
    return background_sampler(plan, true_geometry(detector, 1), 0.978, image_size_px("300K"))


def test_a_flat_background_has_the_mean_and_the_variance_of_poisson(sampler: BackgroundSampler) -> None:
    image = sampler.draw(np.random.default_rng(1))
    counts = image[image >= 0]
    # 285 000 pixels: the mean's standard error is 0.0023, the variance's 0.0046; levels err by up to 1 %.
    assert counts.mean() == pytest.approx(1.5, abs=0.025)
    assert counts.var() == pytest.approx(1.5, abs=0.035)


def test_a_background_beyond_a_byte_is_refused() -> None:
    detector = true_geometry(DetectorPlan("300K", distance_mm=130.0), 1)
    with pytest.raises(InvalidInputError, match="more than the simulator can draw"):
        background_sampler(BackgroundPlan(flat_counts=200.0), detector, 0.978, image_size_px("300K"))


def test_gaps_between_modules_hold_minus_one_and_nothing_else_does(sampler: BackgroundSampler) -> None:
    image = sampler.draw(np.random.default_rng(1)).reshape(619, 487)
    gap_rows = [*range(195, 212), *range(407, 424)]
    assert (image[gap_rows] == -1).all()
    assert (np.delete(image, gap_rows, axis=0) >= 0).all()


@pytest.mark.parametrize(
    ("model", "size"),
    [("300K", (487, 619)), ("1M", (981, 1043)), ("2M", (1475, 1679)), ("6M", (2463, 2527))],
)
def test_each_model_has_the_size_that_dectris_gives(model: str, size: tuple[int, int]) -> None:
    assert image_size_px(model) == size
