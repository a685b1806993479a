"""The symmetry that a merge settles, and the table of statistics that it reads."""

import json
from pathlib import Path

import pytest
from tests.services.scripted_dials import ScriptedStarter

from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.merging_statistics import read_merging_statistics
from beamloop.dials_cli.programs.merging import STATISTICS_NAME
from beamloop.errors import InvalidInputError
from beamloop.merging.perform import MergeWork, perform
from beamloop.records.merging import MergeOptions
from beamloop.records.outcome import OutcomeCode
from beamloop.records.program import ProgramRequest
from beamloop.settings import DialsSettings

pytestmark = pytest.mark.unit

SHELL = {
    "d_star_sq_min": 0.25,  # 2 Å: dials.merge swaps the names
    "d_star_sq_max": 0.01,  # 10 Å
    "n_obs": 20,
    "n_uniq": 10,
    "multiplicity": 2.0,
    "completeness": 99.0,
    "r_merge": 0.05,
    "r_meas": 0.06,
    "r_pim": 0.03,
    "cc_one_half": float("nan"),
    "i_over_sigma_mean": 11.0,
}


def started(folder: Path, sweeps: int, options: MergeOptions) -> list[tuple[str, ...]]:
    """Return the commands up to dials.scale, which fails."""
    commands = []

    def script(request: ProgramRequest) -> str:
        commands.append(request.argv)
        for name in request.expected_outputs:
            (request.working_directory / name).write_text("")
        return "Unable to use this dataset for scaling" if request.argv[0] == "dials.scale" else ""

    staging = folder / "staging"
    staging.mkdir()
    pairs = tuple((folder / f"{n}.expt", folder / f"{n}.refl") for n in range(sweeps))
    report = perform(MergeWork(Dials(DialsSettings(), ScriptedStarter(script)), staging, pairs, options))
    assert report.outcome is not None
    return commands


def test_several_sweeps_are_indexed_alike_before_screw_axes_are_looked_for(tmp_path: Path) -> None:
    cosym, symmetry, scale = started(tmp_path, 2, MergeOptions(d_min_angstrom=1.5))
    assert cosym == ("dials.cosym", "../0.expt", "../0.refl", "../1.expt", "../1.refl", "nproc=1")
    assert symmetry == ("dials.symmetry", "symmetrized.expt", "symmetrized.refl", "laue_group=None")
    assert scale == ("dials.scale", "symmetrized.expt", "symmetrized.refl", "d_min=1.5")


def test_a_space_group_that_people_gave_is_not_looked_for_again(tmp_path: Path) -> None:
    for name, sweeps in (("one", 1), ("two", 2)):
        (tmp_path / name).mkdir()
        commands = started(tmp_path / name, sweeps, MergeOptions(space_group="H 3"))
        programs = [command[0] for command in commands]
        assert programs == (["dials.scale"] if sweeps == 1 else ["dials.cosym", "dials.scale"])
    assert commands[0][-1] == "space_group=H3"


def test_one_sweep_alone_goes_through_symmetry(tmp_path: Path) -> None:
    symmetry, _ = started(tmp_path, 1, MergeOptions())
    assert symmetry == ("dials.symmetry", "../0.expt", "../0.refl")


def test_statistics_are_read_in_angstrom_and_what_is_undefined_is_none(tmp_path: Path) -> None:
    path = tmp_path / "statistics.json"
    lists = {name: [value] for name, value in SHELL.items()}
    path.write_text(json.dumps({"0.97": {"merging_stats": {**lists, "overall": SHELL}}}))
    found = read_merging_statistics(path)
    assert found is not None
    overall, (shell,) = found
    assert overall == shell
    assert (overall.d_max_angstrom, overall.d_min_angstrom) == pytest.approx((10.0, 2.0))
    assert (overall.observation_count, overall.unique_count, overall.r_meas) == (20, 10, 0.06)
    assert overall.cc_half is None


def test_newer_dials_merges_too_few_reflections_without_statistics(tmp_path: Path) -> None:
    def script(request: ProgramRequest) -> str:
        for name in request.expected_outputs:
            (request.working_directory / name).write_text("")
        if request.argv[0] == "dials.merge":
            written = '{"0.68890": {"scaling_tables": {}, "resolution_plots": {}, "unit_cell_plots": {}}}'
            (request.working_directory / STATISTICS_NAME).write_text(written)
        return ""

    staging = tmp_path / "staging"
    staging.mkdir()
    pairs = ((tmp_path / "0.expt", tmp_path / "0.refl"),)
    report = perform(
        MergeWork(Dials(DialsSettings(), ScriptedStarter(script)), staging, pairs, MergeOptions())
    )
    assert report.outcome is not None
    assert report.outcome.code is OutcomeCode.TOO_FEW_REFLECTIONS
    assert report.sentence == "dials.merge says: There are too few reflections for statistics of merging."


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"1": {}, "2": {}}', '{"1": {"merging_stats": null}}'])
def test_a_file_without_the_statistics_of_one_wavelength_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "statistics.json"
    path.write_text(text)
    with pytest.raises(InvalidInputError, match="one wavelength"):
        read_merging_statistics(path)
