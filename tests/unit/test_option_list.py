"""Settings are compared with DIALS's own list of options before any program is started."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest
from tests.services.scripted_dials import ScriptedStarter

from beamloop.beamlines.profiles import profile_names, profile_options
from beamloop.dials_cli import option_list, programs
from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.option_list import LISTS, check_options, known_options, read_list
from beamloop.dials_cli.programs.lattice import FREE_MODELS
from beamloop.errors import InvalidInputError
from beamloop.records.images import NumberedImages
from beamloop.records.joint import JointOptions
from beamloop.records.metrology import MetrologyOptions
from beamloop.records.parameters import STEPS
from beamloop.records.program import ProgramRequest
from beamloop.records.sample import UnitCell
from beamloop.settings import DialsSettings
from beamloop.sweep.few_spots import refinement_options
from beamloop.sweep.known_rungs import SIMPLE_RUNGS, WEAK_RUNGS, last_resorts

pytestmark = pytest.mark.unit

IMAGES = NumberedImages(Path("data"), "x_", 5, ".cbf", 1, 12)


class Installed:
    """A DIALS of some version, never started."""

    settings = DialsSettings(None, Path("/no/such/python"))

    def __init__(self, version: str) -> None:
        self._version = version

    def version(self) -> str:
        return self._version


def dials(version: str = "3.12.1") -> Dials:
    return cast(Dials, Installed(version))


@pytest.mark.parametrize(
    ("program", "setting"),
    [
        ("index", "indexing.method=fft1d"),
        ("index", "indexing.method=FFT1D"),
        ("index", "method=real_space_grid_search"),  # of several of this name the one of the lowest level
        ("index", "indexing.known_symmetry.unit_cell=98,98,136,90,90,120"),
        ("index", "indexing.max_cell=Auto"),
        ("find_spots", "filter.min_spot_size=2"),
        ("find_spots", "spotfinder.filter.d_min=None"),
        ("refine", "outlier.algorithm=mcd"),
        ("refine", "refinement.parameterisation.scan_varying=False"),
        ("import", "geometry.beam.wavelength=0.978"),
        ("export", "intensity=sum"),
    ],
)
def test_what_dials_understands_is_let_through(program: str, setting: str) -> None:
    check_options(dials(), {program: [setting]})


@pytest.mark.parametrize(
    ("program", "setting", "fault", "remedy"),
    [
        ("index", "indexing.methods=fft1d", "no option 'indexing.methods'", "indexing.method"),
        ("index", "xyz=1", "no option 'xyz'", "lists its options"),
        ("index", "thod=fft1d", "no option 'thod'", ""),
        ("index", "indexing.method=fft2d", "takes one of fft1d, fft3d", "-c -e3 -a2"),
        ("find_spots", "filter.min_spot_size=two", "takes a whole number", ""),
        ("find_spots", "filter.min_spot_size=2.5", "takes a whole number", ""),
        ("find_spots", "filter.min_spot_size=0", "1 at least", ""),
        ("refine", "refinement.parameterisation.scan_varying=maybe", "takes True or False", ""),
    ],
)
def test_what_dials_would_not_understand_is_named_with_what_may_be_meant(
    program: str, setting: str, fault: str, remedy: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_options(dials(), {program: [setting]})
    assert fault in refused.value.what
    assert remedy in refused.value.try_next


def test_a_short_name_that_may_mean_several_is_refused_with_all_of_them() -> None:
    with pytest.raises(InvalidInputError, match=r"may mean .*glm\.min_pixels, .*simple\.min_pixels"):
        check_options(dials(), {"integrate": ["min_pixels=10"]})


def shipped_options() -> list[tuple[str, Sequence[str]]]:
    """Return what Beamloop sets by itself, by program."""
    metrology = MetrologyOptions()
    rungs = [*WEAK_RUNGS, *last_resorts(SIMPLE_RUNGS[0], IMAGES)]
    return [
        ("refine", JointOptions().refine),
        ("find_spots", metrology.find_spots),
        ("index", metrology.index),
        ("refine", (*metrology.refine, *metrology.panels)),
        ("index", refinement_options(10)),
        ("refine", refinement_options(10)),
        ("refine", FREE_MODELS),  # dials.refine_bravais_settings has those of dials.refine
        *(("find_spots", rung.spot_options) for rung in rungs),
        *(("index", (f"indexing.method={rung.algorithm}", *rung.index_options)) for rung in rungs),
        *(item for name in profile_names() for item in profile_options(name).items()),
    ]


def named_in_commands(folder: Path) -> list[tuple[str, list[str]]]:
    """Return what the functions of the programs name themselves, by program."""
    commands: list[tuple[str, ...]] = []

    def script(request: ProgramRequest) -> str:
        commands.append(request.argv)
        return ""

    dials = Dials(DialsSettings(), ScriptedStarter(script))
    pair = Path("a.expt"), Path("a.refl")
    programs.import_images(
        dials, folder, Path("x_####.cbf"), image_range=(1, 9), reference_geometry=Path("b.expt")
    )
    programs.find_spots(dials, folder, pair[0])
    cell = UnitCell(98, 98, 136, 90, 90, 120)
    programs.index(dials, folder, *pair, space_group="H 3", unit_cell=cell)
    programs.refine(dials, folder, *pair)
    programs.integrate(dials, folder, *pair)
    programs.export(dials, folder, *pair)
    return [(argv[0].removeprefix("dials."), [word for word in argv[1:] if "=" in word]) for argv in commands]


@pytest.mark.parametrize("version", sorted(path.stem for path in LISTS.glob("*.json")))
def test_whatever_beamloop_sets_by_itself_is_an_option_of_every_dials_that_it_was_tried_with(
    tmp_path: Path, version: str
) -> None:
    named = named_in_commands(tmp_path)
    assert [program for program, _ in named] == list(STEPS)
    for program, options in [*shipped_options(), *named]:
        check_options(dials(version), {program: options})


def test_an_unknown_dials_that_tells_nothing_is_left_to_judge_by_itself(
    caplog: pytest.LogCaptureFixture,
) -> None:
    check_options(dials("99.1"), {"index": ["no.such.option=1"]})
    assert "99.1" in caplog.text


def test_another_dials_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(settings: DialsSettings) -> bytes:
        asked.append(settings)
        return (LISTS / "3.12.1.json").read_bytes()

    monkeypatch.setattr(option_list, "ask_options", answer)
    for _ in range(2):
        assert set(known_options(dials("99.2"))) == set(STEPS)
    assert len(asked) == 1


def test_the_list_names_the_programs_of_a_sweep() -> None:
    known = read_list((LISTS / "3.12.1.json").read_bytes())
    assert set(known) == set(STEPS)
    assert known["index"]["indexing.method"].choices[:2] == ("fft1d", "fft3d")
