"""What a person types and reads: times, names, shell words."""

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from beamloop.accounts.parameter_words import describe_parameters
from beamloop.beamlines.changes import differences
from beamloop.beamlines.profiles import make_parameters
from beamloop.cli.choices import parse_since, person
from beamloop.cli.plain_text import plain, plain_line, shell_word
from beamloop.cli.session import NO_BEAMLINE, find_beamline
from beamloop.errors import InvalidInputError
from beamloop.records.program import ProgramLimits
from beamloop.records.siblings import Siblings

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("12h", NOW - timedelta(hours=12)),
        ("90m", NOW - timedelta(minutes=90)),
        ("1.5d", NOW - timedelta(hours=36)),
        ("2026-11-20T18:00", datetime(2026, 11, 20, 18, tzinfo=UTC)),
        ("2026-11-20T18:00+01:00", datetime(2026, 11, 20, 17, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
    ],
)
def test_a_time_is_understood_as_people_write_it(text: str, time: datetime) -> None:
    assert parse_since(text, NOW) == time


@pytest.mark.parametrize("text", ["", "yesterday", "12", "999999d", "-3h", "2026-13-01", "12h\x1b[31m"])
def test_what_is_no_time_is_refused_without_its_escapes(text: str) -> None:
    with pytest.raises(InvalidInputError, match="is no time") as caught:
        parse_since(text, NOW)
    assert "\x1b" not in str(caught.value)


def test_no_terminal_escape_passes_and_letters_stay() -> None:
    assert plain("Kristall ä\x1b[31m\n\udcff") == "Kristall ä\\x1b[31m\\n\\udcff"
    assert plain_line("two\nlines\x1b") == "two lines\\x1b"


@pytest.mark.parametrize(
    "text", ["plain", "it's $(x)", "tab\there", "new\nline", "esc\x1b[2J", "ä\\\n'\udcff", ""]
)
def test_a_quoted_word_is_printable_and_means_the_same_to_bash(text: str) -> None:
    word = shell_word(text)
    assert word.isprintable()
    said = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True).stdout
    assert said == text.encode("utf-8", "surrogateescape")


def test_there_is_always_a_person() -> None:
    assert person()


def test_a_second_chance_is_told_with_its_siblings() -> None:
    first = make_parameters("cells", limits=ProgramLimits())
    second = replace(first, siblings=Siblings(9, 239.7, 84.6, 89.9))
    assert describe_parameters(second).endswith("second chance: with the cell of 9 siblings")
    assert "second chance" not in describe_parameters(first)
    assert "siblings none → 9" in differences(first, second)


def test_a_beamline_whose_file_cannot_be_used_is_not_taken_for_one_without_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("STATE", "CATALOG_DSN", "ARTIFACTS", "RUNS", "BEAMLINES"):
        monkeypatch.setenv(f"BEAMLOOP_{name}", str(tmp_path))
    (tmp_path / "i04.yaml").write_text("beamline: i04\nroots: [.]\n")
    assert find_beamline("i24") is None
    (tmp_path / "i24.yaml").write_text("beamline: i24\nroots: [.]\nquiet: 60\n")
    with pytest.raises(InvalidInputError, match=r"i24.yaml cannot be used: quiet"):
        find_beamline("i24")
    # Who names no beamline is not kept from working by somebody's slip.
    assert find_beamline(NO_BEAMLINE) is None
    assert find_beamline("i04") is not None
