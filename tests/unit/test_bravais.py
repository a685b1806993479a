"""When the symmetry of a lattice is clear-cut."""

import json
from dataclasses import replace
from pathlib import Path

import gemmi
import pytest

from beamloop.errors import InvalidInputError
from beamloop.sweep.bravais import LOWEST_GROUP, Setting, clear_cut, read_settings

pytestmark = pytest.mark.unit

# What DIALS 3.12.1 found of a simulated wedge of 4 degrees in H 3.
TRICLINIC = Setting("aP", 0.0, 0.0392, 113, None)
MONOCLINIC = [Setting("mC", misfit, 0.039, 112, None) for misfit in (0.26, 0.19, 0.193)]
RHOMBOHEDRAL = Setting("hR", 0.263, 0.045, 116, None)
SETTINGS = [RHOMBOHEDRAL, *MONOCLINIC, TRICLINIC]


def test_the_highest_setting_that_the_data_allow_is_taken() -> None:
    assert clear_cut(SETTINGS) == RHOMBOHEDRAL


@pytest.mark.parametrize(
    "change",
    [{"misfit_deg": 1.5}, {"rmsd_mm": 0.08}, {"spot_count": 60}, {"lowest_correlation": 0.1}],
    ids=["metric", "rmsd", "reflections thrown out", "intensities"],
)
def test_what_speaks_against_a_setting_leaves_the_lattice_triclinic_if_the_next_is_ambiguous(
    change: dict[str, float],
) -> None:
    assert clear_cut([replace(RHOMBOHEDRAL, **change), *MONOCLINIC, TRICLINIC]) is None  # type: ignore[arg-type]


def test_few_spots_prove_no_symmetry() -> None:
    few = [replace(setting, spot_count=30) for setting in SETTINGS]
    assert clear_cut(few) is None


def test_a_lattice_without_other_settings_is_triclinic() -> None:
    assert clear_cut([TRICLINIC]) is None
    assert clear_cut([]) is None


def test_every_lattice_has_a_group_that_proteins_can_have() -> None:
    for lattice, symbol in LOWEST_GROUP.items():
        group = gemmi.find_spacegroup_by_name(symbol)
        assert group is not None
        assert group.is_sohncke()
        assert len(group.operations().sym_ops) <= Setting(lattice, 0.0, 0.0, 0, None).rotations


def test_a_summary_is_read_as_dials_writes_it(tmp_path: Path) -> None:
    entry = {"max_angular_difference": 0.26, "rmsd": 0.045, "nspots": 116, "bravais": "hR", "min_cc": None}
    summary = tmp_path / "bravais_summary.json"
    summary.write_text(json.dumps({"5": entry}))
    assert read_settings(summary) == [Setting("hR", 0.26, 0.045, 116, None)]


@pytest.mark.parametrize("text", ["", "[]", '{"1": {}}', '{"1": 3}'])
def test_a_damaged_summary_is_named(tmp_path: Path, text: str) -> None:
    summary = tmp_path / "bravais_summary.json"
    summary.write_text(text)
    with pytest.raises(InvalidInputError, match="Bravais settings"):
        read_settings(summary)
