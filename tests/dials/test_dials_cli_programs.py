"""Programs, readers and explanations against the installed DIALS and real images of L-cysteine.

What DIALS itself says of the same files (its logs, dials.show, its Python) is the truth here.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import gemmi
import numpy as np
import pytest
from tests.services.l_cysteine_figures import l_cysteine_figures

from beamloop.dials_cli import programs
from beamloop.dials_cli.experiments import ExperimentSummary, read_experiments
from beamloop.dials_cli.failures import FailureCause, explain_failure
from beamloop.dials_cli.handle import Dials, open_dials
from beamloop.dials_cli.paths import is_plain_path
from beamloop.dials_cli.reflection_table import Flag, read_reflections
from beamloop.dials_cli.reflections import summarise_indexing, summarise_integration, summarise_spots
from beamloop.dials_cli.server_door import stop_servers
from beamloop.records.program import ProgramResult
from beamloop.records.sample import UnitCell
from beamloop.settings import DialsSettings

pytestmark = pytest.mark.dials

SHARED = Path(__file__).parents[3] / "shared" / "data"
CELL = UnitCell(5.43, 8.14, 12.04, 90, 90, 90)
FEW_SPOTS = ("profile.gaussian_rs.min_spots.overall=10", "profile.gaussian_rs.min_spots.per_degree=0")
DUMP = """
import json, sys
from dials.array_family import flex
table = flex.reflection_table.from_file(sys.argv[1])
flags = table.flags
named = ("indexed", "used_in_refinement", "strong", "integrated_sum", "integrated_prf", "centroid_outlier")
print(json.dumps({
    "rows": len(table),
    "identifiers": dict(table.experiment_identifiers()),
    "flags": {name: table.get_flags(getattr(flags, name)).count(True) for name in named},
    "columns": {
        name: list(table[name].as_double()) if name in ("d", "intensity.sum.value") else
              [list(row) for row in table[name]]
        for name in ("xyzobs.px.value", "miller_index", "bbox", "d", "intensity.sum.value") if name in table
    },
}))
"""


def shared(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"needs the shared test data in ../shared/data/{name}")
    return folder


@pytest.fixture(scope="module")
def dials() -> Dials:
    return open_dials(DialsSettings())


@pytest.fixture(scope="module")
def template() -> Path:
    return shared("l_cysteine_images") / "l-cyst_01_#####.cbf"


def ok(result: ProgramResult) -> None:
    assert result.succeeded, (result, result.log_path.read_text()[-2000:])


@pytest.fixture(scope="module")
def processed(dials: Dials, template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Process a sweep of 15 images from images to MTZ in one folder."""
    work = tmp_path_factory.mktemp("l_cysteine")
    run_every_program(dials, template, work, work)
    return work


def run_every_program(dials: Dials, template: Path, made: Path, work: Path) -> None:
    """Run each program in `work` on what the earlier ones have made in `made`."""
    ok(programs.import_images(dials, work, template))
    imported, strong = made / "imported.expt", made / "strong.refl"
    ok(programs.find_spots(dials, work, imported, options=["min_spot_size=2"]))
    method = ["indexing.method=fft1d"]
    known = programs.index(
        dials, work, imported, strong, space_group="P 21 21 21", unit_cell=CELL, options=method
    )
    ok(known)
    indexed = made / "indexed.expt", made / "indexed.refl"
    ok(programs.refine(dials, work, *indexed, options=["scan_varying=false", "outlier.algorithm=tukey"]))
    ok(programs.integrate(dials, work, made / "refined.expt", made / "refined.refl", options=FEW_SPOTS))
    ok(programs.export(dials, work, made / "integrated.expt", made / "integrated.refl"))
    ok(programs.combine_experiments(dials, work, [indexed]))
    ok(programs.split_experiments(dials, work, *indexed, experiment_count=1))
    ok(programs.refine_bravais_settings(dials, work, *indexed))
    ok(programs.search_beam_position(dials, work, imported, strong))


def first(path: Path) -> ExperimentSummary:
    return read_experiments(path).experiments[0]


def shown(path: Path) -> str:
    return subprocess.run(["dials.show", str(path)], capture_output=True, text=True, check=True).stdout


def number_after(label: str, text: str) -> float:
    found = re.search(rf"{label}\s*([-\d.]+)", text)
    assert found, label
    return float(found[1])


def test_the_version_agrees_with_what_dials_says(dials: Dials) -> None:
    said = subprocess.run(["dials.version"], capture_output=True, text=True, check=True).stdout
    # Debian's DIALS knows two numbers of its three.
    assert dials.version().startswith(said.split()[1])
    assert re.match(r"\d+\.\d+\.\d+", dials.version())


def test_images_become_an_mtz(processed: Path) -> None:
    assert (processed / "integrated.mtz").read_bytes().startswith(b"MTZ ")
    assert (processed / "dials.index.log").is_file()
    # The published cell, 5.428 8.141 12.038 A; a sweep of 1.5 deg is good to half a per cent.
    crystal = first(processed / "refined.expt").crystal
    assert crystal is not None
    assert crystal.cell.as_tuple() == pytest.approx((5.428, 8.141, 12.038, 90, 90, 90), rel=0.005)


def test_counts_and_rmsds_are_those_of_earlier_runs(dials: Dials, processed: Path) -> None:
    experiments = read_experiments(processed / "refined.expt").experiments
    refined = summarise_indexing(processed / "refined.refl", experiments)[0]
    integrated = summarise_integration(processed / "integrated.refl").summed_count
    found = (refined.indexed_count, refined.rmsd_x_px, refined.rmsd_y_px, integrated)
    # Within 10 per cent, as issue 2 asks.
    assert found == pytest.approx(l_cysteine_figures(dials.version())["l-cyst_01"], rel=0.1)


def test_rmsds_are_what_dials_refine_prints(processed: Path) -> None:
    experiments = read_experiments(processed / "refined.expt").experiments
    refined = summarise_indexing(processed / "refined.refl", experiments)[0]
    rows = re.findall(r"^\|\s+0((?: \|\s+[\d.]+)+) \|$", (processed / "refine.out").read_text(), re.MULTILINE)
    count, x_px, y_px, z_images = (float(value) for value in rows[-1].replace("|", " ").split())
    assert refined.used_count == count
    # Printed with five digits.
    figures = (refined.rmsd_x_px, refined.rmsd_y_px, refined.rmsd_z_images)
    assert figures == pytest.approx((x_px, y_px, z_images), rel=1e-4)


def test_integration_figures_are_what_dials_integrate_prints(processed: Path) -> None:
    summary = summarise_integration(processed / "integrated.refl")
    log = (processed / "integrate.out").read_text()
    assert summary.summed_count == number_after(r"number processed with summation\s+\|", log)
    assert summary.profile_fitted_count == number_after(r"number processed with profile fitting\s+\|", log)
    # Printed with two decimals.
    printed = number_after(r"i/sigi \(profile fitting\)\s+\|", log)
    assert summary.mean_i_over_sigma == pytest.approx(printed, abs=0.006)


def test_spots_per_image_are_what_dials_find_spots_counts(processed: Path) -> None:
    counts = summarise_spots(processed / "strong.refl", 1, 15)
    log = (processed / "find_spots.out").read_text()
    found = re.search(r"(\d+) spots found on 15 images \(max (\d+) / bin\)", log)
    assert found
    assert sum(counts) == int(found[1])


@pytest.mark.parametrize("name", ["imported", "refined", "integrated"])
def test_models_are_what_dials_show_prints(processed: Path, name: str) -> None:
    path = processed / f"{name}.expt"
    text, found = shown(path), first(path)
    # Printed with two decimals of mm and px, three of the distance.
    assert found.detector.distance_mm == pytest.approx(number_after("distance:", text), abs=6e-3)
    assert found.wavelength_angstrom == pytest.approx(number_after("wavelength:", text), abs=1e-5)
    for unit, pair in (
        ("mm", (found.detector.beam_x_mm, found.detector.beam_y_mm)),
        ("px", (found.detector.beam_x_px, found.detector.beam_y_px)),
    ):
        centre = re.search(rf"^    {unit}: \(([-\d.]+),([-\d.]+)\)", text, re.MULTILINE)
        assert centre
        assert pair == pytest.approx((float(centre[1]), float(centre[2])), abs=6e-3)
    if found.crystal is not None:
        assert f"Space group: {found.crystal.space_group}" in text


def test_the_uncertainties_of_the_cell_are_what_dials_prints(processed: Path) -> None:
    crystal = first(processed / "refined.expt").crystal
    line = re.search(r"Unit cell: (\S+), (\S+), (\S+),", shown(processed / "refined.expt"))
    assert line
    assert crystal is not None
    assert crystal.cell_su is not None
    for text, value, su in zip(line.groups(), crystal.cell.as_tuple()[:3], crystal.cell_su[:3], strict=True):
        number, _, digits = text.rstrip(")").partition("(")
        unit = 10.0 ** -len(number.partition(".")[2])
        assert value == pytest.approx(float(number), abs=0.51 * unit)
        assert su == pytest.approx(int(digits) * unit, abs=0.51 * unit)


def test_panels_in_a_hierarchy_are_placed_as_dials_show_does() -> None:
    path = shared("p12m_24_panels") / "dials-423" / "dials-423.json"
    text, detector = shown(path), first(path).detector
    distances = [float(value) for value in re.findall(r"distance: ([\d.]+)", text)]
    centre = re.search(
        r"mm: panel (\d+), \(([-\d.]+),([-\d.]+)\)\s+px: panel \d+, \(([-\d.]+),([-\d.]+)\)", text
    )
    assert centre
    panel = int(centre[1])
    found = (detector.beam_x_mm, detector.beam_y_mm, detector.beam_x_px, detector.beam_y_px)
    assert (detector.panel_count, detector.beam_panel) == (24, panel)
    assert detector.distance_mm == pytest.approx(distances[panel], abs=6e-4)
    assert found == pytest.approx([float(value) for value in centre.groups()[1:]], abs=6e-3)


@pytest.mark.parametrize("name", ["strong", "refined", "integrated"])
def test_tables_are_what_the_dials_python_reads(processed: Path, name: str) -> None:
    path = processed / f"{name}.refl"
    argv = [str(DialsSettings().python), "-c", DUMP, str(path)]
    theirs = json.loads(subprocess.run(argv, capture_output=True, check=True).stdout)
    ours = read_reflections(path)
    assert ours.row_count == theirs["rows"]
    assert {str(key): value for key, value in ours.identifiers.items()} == theirs["identifiers"]
    counts = {flag: int(ours.has(Flag[flag.upper()]).sum()) for flag in theirs["flags"]}
    assert counts == theirs["flags"]
    assert len(theirs["columns"]) >= 2
    for column, values in theirs["columns"].items():
        np.testing.assert_array_equal(ours[column], values)


def make_links(folder: Path, template: Path, prefix: str) -> list[Path]:
    folder.mkdir(parents=True)
    links = [folder / f"{prefix}{number:05d}.cbf" for number in (1, 2)]
    for number, link in enumerate(links, start=1):
        link.symlink_to(template.with_name(f"l-cyst_01_{number:05d}.cbf"))
    return links


@pytest.mark.parametrize("as_template", [True, False])
def test_every_plain_character_is_one_for_dials_too(
    dials: Dials, template: Path, tmp_path: Path, as_template: bool
) -> None:
    odd = "a_b-c.d+e,f:g@h%i"
    links = make_links(tmp_path / odd, template, f"{odd}_1_")
    assert all(is_plain_path(link) for link in links)
    images = links[0].with_name(f"{odd}_1_#####.cbf") if as_template else links
    ok(programs.import_images(dials, tmp_path, images))
    imported = first(tmp_path / "imported.expt")
    assert imported.template == str(links[0].with_name(f"{odd}_1_#####.cbf"))
    assert imported.scan is not None
    assert imported.scan.image_count == 2


@pytest.mark.parametrize("odd", ["$x", ";", "{"])
def test_a_path_that_is_not_plain_can_break_a_template(
    dials: Dials, template: Path, tmp_path: Path, odd: str
) -> None:
    links = make_links(tmp_path / f"a{odd}b", template, "x_")
    assert not is_plain_path(links[0])
    result = programs.import_images(dials, tmp_path, links[0].with_name("x_#####.cbf"))
    assert not result.succeeded
    assert explain_failure(result).cause is FailureCause.BAD_OPTION


def test_no_lattice_is_told_from_the_wrong_symmetry(dials: Dials, processed: Path, tmp_path: Path) -> None:
    expt, refl = processed / "imported.expt", processed / "strong.refl"
    none = programs.index(dials, tmp_path, expt, refl, options=["indexing.method=fft1d", "max_cell=4"])
    assert explain_failure(none).cause is FailureCause.NO_SUITABLE_LATTICE
    wrong = programs.index(
        dials, tmp_path, expt, refl, space_group="P 4 3 2", options=["indexing.method=fft1d"]
    )
    assert explain_failure(wrong).cause is FailureCause.WRONG_SYMMETRY


def test_an_image_that_vanished_is_named(dials: Dials, template: Path, tmp_path: Path) -> None:
    links = make_links(tmp_path / "images", template, "x_")
    ok(programs.import_images(dials, tmp_path, links))
    links[1].unlink()
    explanation = explain_failure(programs.find_spots(dials, tmp_path, tmp_path / "imported.expt"))
    assert explanation.cause is FailureCause.MISSING_IMAGE
    assert str(links[1]) in explanation.quote


def test_an_experiment_list_that_is_not_there_is_a_failure_although_dials_ends_with_0(
    dials: Dials, tmp_path: Path
) -> None:
    result = programs.find_spots(dials, tmp_path, tmp_path / "nothing.expt")
    assert (result.exit_code, result.missing_outputs) == (0, ("strong.refl",))
    assert explain_failure(result).cause is FailureCause.UNREADABLE_INPUT


@pytest.fixture(scope="module")
def forked(template: Path, processed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run the same programs on the same files again, forked by the server."""
    servers = tmp_path_factory.mktemp("server")
    work = tmp_path_factory.mktemp("forked")
    run_every_program(open_dials(DialsSettings(server_directory=servers)), template, processed, work)
    yield work
    stop_servers(servers)


# Identifiers are drawn at random when experiments are imported, indexed or combined, and newer versions write
# into experiment lists when each program ran.
OF_ONE_RUN = re.compile(
    rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}(-\d\d){2}T(\d\d:){2}\d\dZ(?=\|dials)"
)
# What a log says of the clock and of the machine's memory.
OF_THE_MOMENT = re.compile(r"seconds|run on|[Tt]ime|memory|\d s\b|\b\d+(\.\d+)? [MG]B")


def comparable(path: Path) -> bytes:
    """Return a file without what differs from run to run."""
    content = OF_ONE_RUN.sub(b"", path.read_bytes())
    if path.suffix == ".expt":
        return content
    table = read_reflections(path)
    # dials.index of 3.30 leaves what is predicted of spots without an index to what was in memory.
    for name in {"xyzcal.mm", "xyzcal.px"} & table.columns.keys():
        column = table[name]
        content = content.replace(column.tobytes(), column[table.has(Flag.INDEXED)].tobytes())
    return content


def test_a_forked_program_leaves_the_same_files(processed: Path, forked: Path) -> None:
    names = {path.name for path in processed.iterdir()}
    assert names == {path.name for path in forked.iterdir()}
    assert "optimised.expt" in names
    for name in sorted(name for name in names if name.endswith((".expt", ".refl"))):
        theirs, ours = (comparable(folder / name) for folder in (processed, forked))
        assert ours == theirs, name


def test_a_forked_program_writes_the_same_intensities(processed: Path, forked: Path) -> None:
    theirs, ours = (gemmi.read_mtz_file(str(folder / "integrated.mtz")) for folder in (processed, forked))
    assert ours.column_labels() == theirs.column_labels()
    np.testing.assert_array_equal(ours.array, theirs.array)


def test_a_forked_program_writes_the_same_logs(processed: Path, forked: Path) -> None:
    logs = [path.name for path in processed.iterdir() if path.suffix in (".log", ".out")]
    assert len(logs) >= 16
    for name in logs:
        theirs, ours = (
            [line for line in (folder / name).read_text().splitlines() if not OF_THE_MOMENT.search(line)]
            for folder in (processed, forked)
        )
        assert ours == theirs, name


def test_a_forked_program_costs_no_start(dials: Dials, forked: Path, tmp_path: Path) -> None:
    served = open_dials(DialsSettings(server_directory=tmp_path / "server"))
    expt, refl = forked / "integrated.expt", forked / "integrated.refl"
    plain, quick = (programs.export(each, tmp_path, expt, refl) for each in (dials, served))
    # Measured: 1.9 and 0.06 CPU s.
    assert quick.cpu_s < 0.3 * plain.cpu_s
