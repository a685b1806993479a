"""`.refl` files are read as DIALS writes them, and nothing else is taken for one."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from beamloop.dials_cli.detector import DetectorSummary
from beamloop.dials_cli.experiments import ExperimentSummary, ScanSummary
from beamloop.dials_cli.reflection_table import COLUMN_TYPES, Flag, read_reflections
from beamloop.dials_cli.reflections import summarise_indexing, summarise_integration, summarise_spots
from beamloop.errors import InvalidInputError

pytestmark = pytest.mark.unit

USED = Flag.INDEXED | Flag.USED_IN_REFINEMENT


def packed(row_count: int, columns: Mapping[str, tuple[str, ArrayLike]], version: int = 1) -> bytes:
    """Pack columns as reflection_table_msgpack_adapter.h does; an unknown type is one byte a row."""
    data = {
        name: [kind, [row_count, np.asarray(values, dtype=COLUMN_TYPES.get(kind, ("u1", 1))[0]).tobytes()]]
        for name, (kind, values) in columns.items()
    }
    table = {"identifiers": {0: "first"}, "nrows": row_count, "data": data}
    content: bytes = msgpack.packb(["dials::af::reflection_table", version, table])
    return content


def written(path: Path, row_count: int, **columns: tuple[str, Any]) -> Path:
    named = {name.replace("__", "."): column for name, column in columns.items()}
    path.write_bytes(packed(row_count, named))
    return path


def experiment(pixel_mm: tuple[float, float] = (0.1, 0.2), width_deg: float = 0.5) -> ExperimentSummary:
    detector = DetectorSummary(1, pixel_mm, 0, 200.0, 50.0, 50.0, 500.0, 250.0)
    scan = ScanSummary(1, 4, 0.0, width_deg)
    return ExperimentSummary("first", "", 1.0, detector, scan, None, None)


def test_columns_come_with_their_shapes(tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.refl",
        2,
        flags=("std::size_t", [1, 2]),
        entering=("bool", [True, False]),
        miller_index=("cctbx::miller::index<>", [[1, 2, 3], [4, 5, -6]]),
        xyzobs__px__value=("vec3<double>", [[0.5, 1.5, 2.5], [3.5, 4.5, 5.5]]),
        bbox=("int6", np.arange(12)),
        shoebox=("Shoebox<>", [0, 0]),
    )
    table = read_reflections(path)
    assert table.row_count == 2
    assert table.identifiers == {0: "first"}
    assert table["entering"].tolist() == [True, False]
    assert table["miller_index"].tolist() == [[1, 2, 3], [4, 5, -6]]
    assert table["xyzobs.px.value"][1].tolist() == [3.5, 4.5, 5.5]
    assert table["bbox"].shape == (2, 6)
    assert "shoebox" not in table.columns


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    table = read_reflections(written(tmp_path / "a.refl", 1, id=("int", [0])))
    with pytest.raises(InvalidInputError, match=r"xyzcal\.mm"):
        table["xyzcal.mm"]


def test_an_empty_table_has_no_spots_and_no_figures(tmp_path: Path) -> None:
    path = written(
        tmp_path / "strong.refl",
        0,
        flags=("std::size_t", []),
        id=("int", []),
        xyzobs__px__value=("vec3<double>", []),
    )
    assert summarise_spots(path, 1, 3) == (0, 0, 0)
    assert summarise_indexing(path, [experiment()])[0].rmsd_x_mm is None
    assert summarise_integration(path).mean_i_over_sigma is None


def test_a_table_of_dials_3_30_is_read_as_those_before(tmp_path: Path) -> None:
    columns = {"id": ("int", [0, 1]), "shoebox": ("Shoebox<>", [0, 0])}
    (tmp_path / "new.refl").write_bytes(packed(2, columns, version=2))
    table = read_reflections(tmp_path / "new.refl")
    assert table["id"].tolist() == [0, 1]
    assert list(table.columns) == ["id"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b'{"__id__": "ExperimentList"}',
        b"\x80\x02cdials_array_family_flex_ext\n",
        msgpack.packb(["dials::af::reflection_table", 3, {}]),
        msgpack.packb(["dials::af::reflection_table", 1, {"nrows": 1}]),
        msgpack.packb({"nrows": 1}),
        packed(1, {"id": ("int", [0])}) + b"more",
        packed(2, {"id": ("int", [0])}),
    ],
)
def test_another_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.refl"
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"a\.refl cannot be read as a DIALS reflection table"):
        read_reflections(path)


def test_a_pickle_is_told_from_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "old.pickle"
    path.write_bytes(b"\x80\x02cdials_array_family_flex_ext\n")
    with pytest.raises(InvalidInputError, match="pickle of DIALS 1"):
        read_reflections(path)


@given(st.data())
def test_a_table_cut_short_anywhere_is_refused(tmp_path_factory: pytest.TempPathFactory, data: Any) -> None:
    content = packed(3, {"flags": ("std::size_t", [1, 2, 3]), "bbox": ("int6", np.arange(18))})
    path = tmp_path_factory.mktemp("cut") / "a.refl"
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    with pytest.raises(InvalidInputError):
        read_reflections(path)


def test_a_spot_belongs_to_the_image_that_its_centroid_lies_on(tmp_path: Path) -> None:
    # z = 0 is the start of image 1, z = 1 its end.
    z = [0.0, 0.99, 1.0, 2.5, 2.6, 3.999]
    centroids = [[10.0, 10.0, value] for value in z]
    path = written(tmp_path / "a.refl", 6, xyzobs__px__value=("vec3<double>", centroids))
    assert summarise_spots(path, 1, 4) == (2, 1, 2, 1)
    assert summarise_spots(path, 3, 4) == (2, 1)


def test_rmsds_are_over_the_reflections_used_of_each_experiment(tmp_path: Path) -> None:
    observed = np.zeros((4, 3))
    calculated = np.array(
        [[0.3, 0.0, 0.0], [0.0, 0.4, np.radians(1.0)], [9.0, 9.0, 9.0], [0.1, 0.1, np.radians(0.1)]]
    )
    path = written(
        tmp_path / "a.refl",
        4,
        id=("int", [0, 0, 0, 1]),
        flags=("std::size_t", [USED, USED, Flag.INDEXED, USED]),
        xyzcal__mm=("vec3<double>", calculated),
        xyzobs__mm__value=("vec3<double>", observed),
    )
    first, second = summarise_indexing(path, [experiment(), experiment()])
    half = 2**-0.5  # root of the mean of one square and one zero
    assert (first.indexed_count, first.used_count) == (3, 2)
    figures = (first.rmsd_x_mm, first.rmsd_y_mm, first.rmsd_phi_deg)
    assert figures == pytest.approx((0.3 * half, 0.4 * half, 1.0 * half))  # double precision
    in_pixels = (first.rmsd_x_px, first.rmsd_y_px, first.rmsd_z_images)
    assert in_pixels == pytest.approx((3.0 * half, 2.0 * half, 2.0 * half))
    assert second.rmsd_phi_deg == pytest.approx(0.1)


def integrated(path: Path, flags: list[int]) -> Path:
    return written(
        path,
        3,
        flags=("std::size_t", flags),
        d=("double", [2.0, 1.5, 1.0]),
        intensity__sum__value=("double", [10.0, 20.0, 30.0]),
        intensity__sum__variance=("double", [4.0, 4.0, 0.0]),
        intensity__prf__value=("double", [9.0, 1.0, 1.0]),
        intensity__prf__variance=("double", [1.0, 1.0, 1.0]),
    )


def test_profile_fitted_intensities_are_averaged_where_there_are_some(tmp_path: Path) -> None:
    both = Flag.INTEGRATED_SUM | Flag.INTEGRATED_PRF
    summary = summarise_integration(integrated(tmp_path / "a.refl", [both, Flag.INTEGRATED_SUM, 0]))
    assert (summary.summed_count, summary.profile_fitted_count) == (2, 1)
    assert summary.mean_i_over_sigma == pytest.approx(9.0)
    assert summary.d_min_angstrom == 1.5


def test_summed_intensities_without_variance_are_left_out(tmp_path: Path) -> None:
    summary = summarise_integration(integrated(tmp_path / "a.refl", [Flag.INTEGRATED_SUM] * 3))
    assert summary.mean_i_over_sigma == pytest.approx((5.0 + 10.0) / 2)
    assert summary.d_min_angstrom == 1.0
