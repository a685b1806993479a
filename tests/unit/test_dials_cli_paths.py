"""Only paths that DIALS takes as they stand are called plain."""

from pathlib import Path

import pytest

from beamloop.dials_cli.paths import is_plain_path

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "path", ["/data/i24/2026/mx-1_2/xtal+1,a@b:c%d_00001.cbf", "../import/imported.expt"]
)
def test_usual_names_are_plain(path: str) -> None:
    assert is_plain_path(Path(path))


@pytest.mark.parametrize("character", [*" #$;{}[]*?='\"`\\|&<>()!~^\t\n\x7f\0", "\u00e9", "\u65e5", "\udcff"])
def test_a_character_that_dials_or_a_glob_reads_otherwise_is_not(character: str) -> None:
    assert not is_plain_path(Path(f"/data/a{character}b/x_00001.cbf"))


@pytest.mark.parametrize("path", ["-c", "--help/x.cbf", "/data/x\n"])
def test_what_looks_like_an_option_or_ends_a_line_is_not(path: str) -> None:
    assert not is_plain_path(Path(path))
