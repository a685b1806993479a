"""Each function starts its program with the arguments that DIALS 3.12 and later take."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from beamloop.dials_cli import programs
from beamloop.dials_cli.handle import Dials
from beamloop.records.program import ProgramEnd, ProgramLimits, ProgramRequest, ProgramResult
from beamloop.records.sample import UnitCell
from beamloop.settings import DialsSettings

pytestmark = pytest.mark.unit

OPTIONS = ("min_spot_size=2",)
LIMITS = ProgramLimits(time_s=5)
HERE = Path("staging")


@dataclass
class RecordingStarter:
    """Starts nothing and remembers what it was asked for."""

    requests: list[ProgramRequest] = field(default_factory=list)

    def run(self, request: ProgramRequest) -> ProgramResult:
        self.requests.append(request)
        now = datetime.now(UTC)
        log_path = request.working_directory / request.log_name
        return ProgramResult(request.argv, ProgramEnd.EXITED, 0, 1.0, 1.0, 1, now, log_path, ())


@pytest.fixture
def starter() -> RecordingStarter:
    return RecordingStarter()


@pytest.fixture
def dials(starter: RecordingStarter) -> Dials:
    return Dials(DialsSettings(), starter)


def test_every_program_gets_directory_log_limits_and_the_callers_options_last(
    dials: Dials, starter: RecordingStarter
) -> None:
    expt, refl = Path("a.expt"), Path("a.refl")
    programs.import_images(dials, HERE, Path("x_##.cbf"), options=OPTIONS, limits=LIMITS)
    programs.find_spots(dials, HERE, expt, options=OPTIONS, limits=LIMITS)
    programs.index(dials, HERE, expt, refl, options=OPTIONS, limits=LIMITS)
    programs.search_beam_position(dials, HERE, expt, refl, options=OPTIONS, limits=LIMITS)
    programs.refine_bravais_settings(dials, HERE, expt, refl, options=OPTIONS, limits=LIMITS)
    programs.refine(dials, HERE, expt, refl, options=OPTIONS, limits=LIMITS)
    programs.integrate(dials, HERE, expt, refl, options=OPTIONS, limits=LIMITS)
    programs.export(dials, HERE, expt, refl, options=OPTIONS, limits=LIMITS)
    found = {}
    for request in starter.requests:
        assert request.working_directory == HERE
        assert request.limits == LIMITS
        assert request.argv[-1] == "min_spot_size=2"
        found[request.argv[0]] = (request.log_name, request.expected_outputs)
    assert found == {
        "dials.import": ("import.out", ("imported.expt",)),
        "dials.find_spots": ("find_spots.out", ("strong.refl",)),
        "dials.index": ("index.out", ("indexed.expt", "indexed.refl")),
        "dials.search_beam_position": ("search_beam_position.out", ("optimised.expt",)),
        "dials.refine_bravais_settings": ("refine_bravais_settings.out", ("bravais_summary.json",)),
        "dials.refine": ("refine.out", ("refined.expt", "refined.refl")),
        "dials.integrate": ("integrate.out", ("integrated.expt", "integrated.refl")),
        "dials.export": ("export.out", ("integrated.mtz",)),
    }


def test_import_takes_a_template_and_a_geometry(dials: Dials, starter: RecordingStarter) -> None:
    programs.import_images(dials, HERE, Path("/data/x_##.cbf"), reference_geometry=Path("/geo/g.expt"))
    assert starter.requests[0].argv == (
        "dials.import",
        "template=/data/x_##.cbf",
        "input.reference_geometry=/geo/g.expt",
    )


def test_import_takes_images_one_by_one(dials: Dials, starter: RecordingStarter) -> None:
    programs.import_images(dials, HERE, [Path("/data/x_1.cbf"), Path("/data/x_3.cbf")])
    assert starter.requests[0].argv == ("dials.import", "/data/x_1.cbf", "/data/x_3.cbf")


def test_a_search_without_symmetry_writes_under_its_own_name(dials: Dials, starter: RecordingStarter) -> None:
    programs.index(dials, HERE, Path("a.expt"), Path("a.refl"), output_stem="P1_models")
    request = starter.requests[0]
    assert request.expected_outputs == ("P1_models.expt", "P1_models.refl")
    assert "output.experiments=P1_models.expt" in request.argv
    assert "output.reflections=P1_models.refl" in request.argv
    assert not any("known_symmetry" in argument for argument in request.argv)


def test_known_symmetry_and_cell_are_imposed(dials: Dials, starter: RecordingStarter) -> None:
    cell = UnitCell(98.3, 98.3, 136.6, 90, 90, 120)
    programs.index(dials, HERE, Path("a.expt"), Path("a.refl"), space_group="H 3", unit_cell=cell)
    assert "indexing.known_symmetry.space_group=H 3" in starter.requests[0].argv
    assert "indexing.known_symmetry.unit_cell=98.3,98.3,136.6,90,90,120" in starter.requests[0].argv


def test_split_expects_the_names_that_dials_gives(dials: Dials, starter: RecordingStarter) -> None:
    programs.split_experiments(dials, HERE, Path("a.expt"), Path("a.refl"), experiment_count=11)
    request = starter.requests[0]
    assert request.argv == ("dials.split_experiments", "a.expt", "a.refl")
    assert request.expected_outputs[:2] == ("split_00.expt", "split_00.refl")
    assert request.expected_outputs[-2:] == ("split_10.expt", "split_10.refl")


def test_combined_experiments_share_all_but_crystal_and_scan(dials: Dials, starter: RecordingStarter) -> None:
    programs.combine_experiments(dials, HERE, [(Path("a.expt"), Path("a.refl"))])
    request = starter.requests[0]
    assert request.argv == (
        "dials.combine_experiments",
        "a.expt",
        "a.refl",
        "reference_from_experiment.beam=0",
        "reference_from_experiment.goniometer=0",
        "reference_from_experiment.detector=0",
        "reference_from_experiment.compare_models=False",
    )
    assert request.expected_outputs == ("combined.expt", "combined.refl")


def test_a_block_is_exported_under_a_name_of_its_own(dials: Dials, starter: RecordingStarter) -> None:
    programs.export(dials, HERE, Path("a.expt"), Path("a.refl"), mtz=Path("../integrated_2.mtz"))
    assert "mtz.hklout=../integrated_2.mtz" in starter.requests[0].argv
    assert starter.requests[0].expected_outputs == ("../integrated_2.mtz",)
