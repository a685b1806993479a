"""A full CBF may tell how many images its sweep will have."""

import gzip
from pathlib import Path

import pytest

from beamloop.image_files.full_cbf import frames_in_scan

pytestmark = pytest.mark.unit

HEADER = """###CBF: VERSION 1.5
data_x
_diffrn.id x
loop_
_diffrn_scan.id
_diffrn_scan.frames
SCAN1 {frames}
_array_data.data
;
--CIF-BINARY-FORMAT-SECTION--
"""


@pytest.mark.parametrize(
    ("text", "count"),
    [
        (HEADER.format(frames=100), 100),
        (HEADER.format(frames=1), None),  # what a template says of every image
        (HEADER.format(frames="?"), None),
        ("###CBF: VERSION 1.5\ndata_x\n_array_data.data\n;\n", None),
        ("", None),
        ("not a CBF", None),
        ("###CBF: VERSION 1.5\ndata_x\nloop_\n_diffrn_sc", None),
    ],
)
def test_the_count_is_read_where_it_says_something(tmp_path: Path, text: str, count: int | None) -> None:
    (tmp_path / "x_001.cbf").write_text(text)
    (tmp_path / "x_001.cbf.gz").write_bytes(gzip.compress(text.encode()))
    assert frames_in_scan(tmp_path / "x_001.cbf") == count
    assert frames_in_scan(tmp_path / "x_001.cbf.gz") == count


def test_an_image_that_has_gone_says_nothing(tmp_path: Path) -> None:
    assert frames_in_scan(tmp_path / "x_001.cbf") is None
