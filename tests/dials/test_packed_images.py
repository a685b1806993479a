"""DIALS reads packed images as they stand: nothing is unpacked for it."""

import bz2
import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.services.sweep_bench import SweepBench, open_bench

from beamloop.records.outcome import OutcomeCode

pytestmark = pytest.mark.dials

PACKERS: dict[str, Callable[[bytes], bytes]] = {"": bytes, ".gz": gzip.compress, ".bz2": bz2.compress}


@pytest.fixture
def bench(tmp_path: Path, catalog_dsn: str, tiny_images: Path) -> Iterator[SweepBench]:
    """Provide one wedge three times: plain, gzipped and bzipped; and one whose second image is cut."""
    folder = tmp_path / "packed plate"  # a blank: DIALS gets links
    folder.mkdir()
    for image in sorted(tiny_images.glob("xtal1_1_*.cbf")):
        for suffix, pack in PACKERS.items():
            (folder / f"{suffix.strip('.')}{image.name}{suffix}").write_bytes(pack(image.read_bytes()))
        (folder / f"cut{image.name}.gz").write_bytes(gzip.compress(image.read_bytes()))
    second = sorted(folder.glob("cut*"))[1]
    second.write_bytes(second.read_bytes()[:-100])
    made = open_bench(tmp_path, catalog_dsn, folder)
    yield made
    made.services.catalog.close()


def test_packed_images_give_the_same_spots_and_a_cut_one_is_named(bench: SweepBench) -> None:
    for suffix in ("", "gz", "bz2"):
        assert bench.do(f"{suffix}xtal1_1", "import", "find_spots") is None
    counts = {suffix: bench.result(f"{suffix}xtal1_1").spot_count for suffix in ("", "gz", "bz2")}
    assert len(set(counts.values())) == 1
    assert counts[""] is not None
    outcome = bench.do("cutxtal1_1", "import")
    assert outcome is not None
    assert outcome.code is OutcomeCode.UNREADABLE_IMAGES
    assert "1 is cut short: " in outcome.sentence
