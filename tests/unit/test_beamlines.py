"""What a person writes about a beamline or a sample is checked, and faults are named."""

from pathlib import Path

import pytest
import yaml

from beamloop.beamlines.beamline_file import read_beamline, read_beamlines
from beamloop.beamlines.group_rules import GroupRules, group_rules_of
from beamloop.beamlines.profiles import make_parameters, parse_settings, profile_names
from beamloop.beamlines.samples import parse_sample, parse_space_group
from beamloop.errors import InvalidInputError
from beamloop.records.parameters import STEPS
from beamloop.records.program import ProgramLimits

pytestmark = pytest.mark.unit

DEMO = Path(__file__).parents[2] / "include/beamloop/beamlines/demo.yaml"


@pytest.mark.parametrize("name", profile_names())
def test_each_profile_has_options_for_known_programs_only(name: str) -> None:
    parameters = make_parameters(name, limits=ProgramLimits())
    assert set(parameters.options) == set(STEPS)
    assert parse_settings([f"{step}.{o}" for step in STEPS for o in parameters.options[step]]) is not None


def test_a_persons_settings_come_after_the_profiles() -> None:
    made = make_parameters("cells", settings=["refine.scan_varying=true"], limits=ProgramLimits())
    assert made.options["refine"][0] == "scan_varying=false"
    assert made.options["refine"][-1] == "scan_varying=true"


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("indexing.method=fft1d", "program's name"),
        ("index.method", "OPTION=VALUE"),
        ("index.output.experiments=/etc/passwd", "Beamloop sets"),
        ("import.template=/etc/x_#.cbf", "Beamloop sets"),
        ("index.x=a\nb", "OPTION=VALUE"),
        ("integrate.integration.mp.nproc=64", "Beamloop sets"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused(setting: str, words: str) -> None:
    with pytest.raises(InvalidInputError, match=words):
        parse_settings([setting])


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("H 3", "H 3"),
        ("h3", "H 3"),
        ("146", "H 3"),
        ("P212121", "P 21 21 21"),
        ("C2", "C 1 2 1"),
        ("R 3:R", "R 3:R"),
        ("H32", "H 3 2"),
    ],
)
def test_space_groups_are_understood_as_people_write_them(text: str, symbol: str) -> None:
    assert parse_space_group(text) == symbol


@pytest.mark.parametrize("text", ["P 9", "P-1", "P 1 21/c 1", "nonsense", "999"])
def test_a_space_group_no_protein_has_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_space_group(text)


@pytest.mark.parametrize(
    "cell", ["1,2,3", "a,b,c,d,e,f", "10,10,10,90,90,190", "0,1,1,90,90,90", "10,10,10,10,10,170"]
)
def test_numbers_that_make_no_cell_are_refused(cell: str) -> None:
    with pytest.raises(InvalidInputError, match="unit cell"):
        parse_sample("P 1", cell)


def test_a_cell_against_its_symmetry_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="symmetry of H 3"):
        parse_sample("H 3", "98.3,98.3,136.6,90,90,90")


def test_the_demos_beamline_is_valid_and_knows_its_sample() -> None:
    beamline = read_beamline(DEMO)
    assert beamline.parameters_for("teha_1").sample.space_group == "H 3"
    assert beamline.parameters_for("lysozyme").sample.space_group is None
    assert beamline.roots == [DEMO.parent.parent / "watched"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("beamline: i24\n", "roots"),
        ("beamline: ../i24\nroots: [x]\n", "beamline"),
        ("beamline: i24\nroots: [x]\nquiet: 3\n", "quiet"),
        ("beamline: i24\nroots: [x]\npattern: '*.cbf'\n", "pattern: .*patterns"),
        ("beamline: i24\nroots: [x]\npatterns: []\n", "patterns: "),
        (
            "beamline: i24\nroots: [x]\npatterns: ['*.h5']\n",
            "patterns.0: .*takes data files for master files",
        ),
        ("beamline: i24\nroots: [x]\nimages_per_sweep: 0\n", "images_per_sweep: .*greater"),
        ("beamline: i24\nroots: [x]\nfirst_image_s: soon\n", "first_image_s: .*valid number"),
        ("beamline: i24\nroots: [x]\nlast_image_s: -1\n", "last_image_s: .*greater"),
        ("beamline: i24\nroots: [x]\npatterns: ['']\n", "patterns.0: "),
        ("beamline: i24\nroots: [x]\nprofile: fast\n", "no profile 'fast'"),
        ("beamline: i24\nroots: [x]\nlimits: {program_time_s: -1}\n", "program_time_s"),
        ("beamline: i24\nroots: [x]\nlimits: {index_time_s: 0}\n", "index_time_s"),
        ("beamline: i24\nroots: [x]\nlcv_limit_percent: 0\n", "lcv_limit_percent: .*greater"),
        ("beamline: i24\nroots: [x]\nsamples: [{match: a, space_group: P 9}]\n", "no space group 'P 9'"),
        ("beamline: [\n", "cannot be used"),
        ("", "cannot be used"),
    ],
)
def test_a_bad_beamline_file_is_named_with_its_field(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "i24.yaml"
    path.write_text(text)
    with pytest.raises(InvalidInputError, match=words) as caught:
        read_beamline(path)
    assert "i24.yaml" in str(caught.value)


def test_a_beamline_says_how_alike_crystals_are_and_what_their_refinement_may_use(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "bad.yaml").write_text("nonsense")
    (tmp_path / "i24.yaml").write_text(
        "beamline: i24\nroots: [x]\nlcv_limit_percent: 0.6\nlimits: {program_memory_gb: 2}\n"
    )
    rules = group_rules_of(tmp_path, "i24")
    assert (rules.lcv_limit_percent, rules.limits.memory_bytes) == (0.6, 2 * 1024**3)
    assert not caplog.text
    assert group_rules_of(tmp_path, "i03") == GroupRules(1.0, ProgramLimits())
    # bad.yaml may be its file.
    assert "No file of i03 can be read" in caplog.text
    assert "bad.yaml" in caplog.text


def test_a_bad_beamline_file_does_not_stop_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("nonsense")
    (tmp_path / "b.yaml").write_text(DEMO.read_text())
    good, faults = read_beamlines(tmp_path)
    assert [beamline.beamline for beamline in good] == ["demo"]
    assert len(faults) == 1


def test_a_beamline_file_is_parsed_again_when_it_has_changed_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []
    load = yaml.safe_load

    def note(text: str) -> object:
        parsed.append(text)
        return load(text)

    monkeypatch.setattr("beamloop.beamlines.beamline_file.yaml.safe_load", note)
    path = tmp_path / "a.yaml"
    path.write_text("beamline: i24\nroots: [data]\n")
    assert read_beamline(path) == read_beamline(path)
    assert len(parsed) == 1
    path.write_text("beamline: i24\nroots: [data]\nquiet_s: 5\n")
    assert read_beamline(path).quiet_s == 5
    path.write_text("nonsense")
    for _ in range(2):
        with pytest.raises(InvalidInputError):
            read_beamline(path)


def test_a_root_that_is_linked_elsewhere_is_seen_though_its_beamline_file_is_unchanged(
    tmp_path: Path,
) -> None:
    path, root = tmp_path / "a.yaml", tmp_path / "data"
    path.write_text("beamline: i24\nroots: [data]\n")
    for disk in ("disk1", "disk2"):
        (tmp_path / disk).mkdir()
        root.unlink(missing_ok=True)
        root.symlink_to(tmp_path / disk)
        assert read_beamline(path).roots == [tmp_path / disk]
