"""Settings are compared with DIALS's own list of options before any program is started."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from beamloop.dials_cli import option_list
from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.option_list import LISTS, check_options, known_options, read_list
from beamloop.errors import InvalidInputError
from beamloop.records.parameters import STEPS
from beamloop.settings import DialsSettings

pytestmark = pytest.mark.unit


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


def test_the_profiles_and_defaults_of_beamloop_are_options_of_dials() -> None:
    from beamloop.beamlines.profiles import profile_names, profile_options
    from beamloop.records.joint import JointOptions

    shipped: list[tuple[str, Sequence[str]]] = [("refine", JointOptions().refine)]
    shipped += [item for name in profile_names() for item in profile_options(name).items()]
    for program, options in shipped:
        check_options(dials(), {program: options})


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
