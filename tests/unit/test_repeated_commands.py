"""Which of a run's commands lead to its result."""

from datetime import UTC, datetime

import pytest

from beamloop.catalog.stories import ProgramStart, StepStory
from beamloop.errors import InvalidInputError
from beamloop.records.artifact import StoredObject
from beamloop.sweep.commands import Command, Copy, commands_of

pytestmark = pytest.mark.unit

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def start(folder: str, *argv: str, exit_code: int = 0) -> ProgramStart:
    return ProgramStart(argv, folder, "exited", exit_code, (), 1.0, 1.0, 1)


def step(name: str, programs: tuple[ProgramStart, ...], **artifacts: str) -> StepStory:
    """Make a step whose artifacts are given as name and content, "__" for a dot and "___" for a slash."""
    stored = tuple(
        (key.replace("___", "/").replace("__", "."), StoredObject(key, content, 1))
        for key, content in artifacts.items()
    )
    return StepStory(name, NOW, NOW, "", programs, stored, ())


IMPORT = step("import", (start("", "dials.import", "template=/data/a_####.cbf"),), imported__expt="i")
SPOTS = step("find_spots", (start("", "dials.find_spots", "../import/imported.expt"),), strong__refl="s")
INPUTS = ("../../import/imported.expt", "../../find_spots/strong.refl")


def test_only_the_attempt_whose_result_was_kept_is_repeated() -> None:
    index = step(
        "index",
        (
            start("rung-1", "dials.index", *INPUTS, exit_code=1),
            start("rung-2/search", "dials.index", "../" + INPUTS[0], "../" + INPUTS[1]),
            start("rung-2", "dials.index", "search/indexed.expt", INPUTS[1]),
            start("bravais", "dials.refine_bravais_settings", "../rung-2/indexed.expt"),
        ),
        indexed__expt="kept",
        indexed__refl="kept too",
        **{"rung-2___search___indexed__expt": "P 1", "rung-2___indexed__expt": "kept",
           "rung-2___indexed__refl": "kept too"},
    )  # fmt: skip
    refine = step("refine", (start("", "dials.refine", "../index/indexed.expt", "../index/indexed.refl"),))
    repeated = commands_of((IMPORT, SPOTS, index, refine))
    assert [item.folder for item in repeated if isinstance(item, Command)] == [
        "import",
        "find_spots",
        "index/rung-2/search",
        "index/rung-2",
        "refine",
    ]
    assert [item for item in repeated if isinstance(item, Copy)] == [
        Copy("index/rung-2/indexed.expt", "index/indexed.expt"),
        Copy("index/rung-2/indexed.refl", "index/indexed.refl"),
    ]


def test_where_nothing_was_kept_every_attempt_is_repeated_and_may_fail_again() -> None:
    index = step(
        "index",
        (
            start("rung-1", "dials.index", *INPUTS, exit_code=1),
            start("rung-2", "dials.index", *INPUTS, exit_code=1),
        ),
    )
    commands = [item for item in commands_of((IMPORT, SPOTS, index)) if isinstance(item, Command)]
    assert [(item.folder, item.ended_well) for item in commands[2:]] == [
        ("index/rung-1", False),
        ("index/rung-2", False),
    ]


def test_a_file_that_beamloop_itself_made_is_named() -> None:
    index = step(
        "index",
        (
            start("rung-1", "dials.index", *INPUTS),
            start("second_lattice", "dials.index", INPUTS[0], "left_over.refl"),
            start("stronger_lattice", "dials.index", "../second_lattice/indexed.expt", INPUTS[1]),
        ),
        indexed__expt="kept",
        **{"second_lattice___left_over__refl": "l", "second_lattice___indexed__expt": "2",
           "stronger_lattice___indexed__expt": "kept"},
    )  # fmt: skip
    with pytest.raises(InvalidInputError, match=r"second_lattice/left_over\.refl, which none of them makes"):
        commands_of((IMPORT, SPOTS, index))


def test_blocks_are_split_combined_and_exported_again() -> None:
    refine = step(
        "refine",
        (
            start("split", "dials.split_experiments", *("../../index/indexed.expt",)),
            start("try-1", "dials.combine_experiments", "../split/split_0.expt", "../split/split_1.expt"),
            start("try-1", "dials.refine", "combined.expt"),
            start("try-3", "dials.combine_experiments", "../split/split_1.expt"),
            start("try-3", "dials.refine", "combined.expt"),
        ),
        refined__expt="kept",
        **{"split___split_0__expt": "0", "split___split_1__expt": "1", "try-1___combined__expt": "c",
           "try-3___combined__expt": "c", "try-3___refined__expt": "kept"},
    )  # fmt: skip
    index = step("index", (start("", "dials.index", *(word[3:] for word in INPUTS)),), indexed__expt="x")
    export = step(
        "export", (start("block-1", "dials.export", "../../refine/refined.expt", "mtz.hklout=../i_1.mtz"),)
    )
    folders = [
        item.folder
        for item in commands_of((IMPORT, SPOTS, index, refine, export))
        if isinstance(item, Command)
    ]
    assert folders[3:] == ["refine/split", "refine/try-3", "refine/try-3", "export/block-1"]


REFINED = ("refine/refined.expt", "refine/refined.refl")
REFINE = step("refine", (start("", "dials.refine"),), refined__expt="r", refined__refl="r")


def export(folder: str, *read: str) -> StepStory:
    return step("export", (start(folder, "dials.export", *read),))


def test_where_the_limits_left_too_few_spots_the_integration_without_them_is_repeated() -> None:
    integrate = step(
        "integrate",
        (
            start("", "dials.integrate", "../" + REFINED[0], exit_code=1),
            start("all_resolutions", "dials.integrate", "../../" + REFINED[0]),
        ),
        integrated__expt="kept",
        integrated__refl="kept too",
        **{"all_resolutions___integrated__expt": "kept", "all_resolutions___integrated__refl": "kept too"},
    )  # fmt: skip
    repeated = commands_of((REFINE, integrate, export("", "../integrate/integrated.expt")))
    assert repeated[1:] == [
        Command("integrate/all_resolutions", integrate.programs[1].argv, True),
        Copy("integrate/all_resolutions/integrated.expt", "integrate/integrated.expt"),
        Copy("integrate/all_resolutions/integrated.refl", "integrate/integrated.refl"),
        Command("export", ("dials.export", "../integrate/integrated.expt"), True),
    ]


def test_of_blocks_that_were_integrated_one_by_one_those_that_were_put_together_are_repeated() -> None:
    integrate = step(
        "integrate",
        (
            start("", "dials.integrate", "../" + REFINED[0], exit_code=1),
            start("split", "dials.split_experiments", "../../" + REFINED[0]),
            start("block-1", "dials.integrate", "../split/split_0.expt", exit_code=1),
            start("block-2", "dials.integrate", "../split/split_1.expt", exit_code=1),
            start("block-2/all_resolutions", "dials.integrate", "../../split/split_1.expt"),
            start("block-3", "dials.integrate", "../split/split_2.expt"),
            start("together", "dials.combine_experiments", "../block-2/integrated.expt",
                  "../block-3/integrated.expt"),
        ),
        integrated__expt="both",
        **{"split___split_0__expt": "0", "split___split_1__expt": "1", "split___split_2__expt": "2",
           "block-2___integrated__expt": "second", "block-2___all_resolutions___integrated__expt": "second",
           "block-3___integrated__expt": "third", "together___combined__expt": "both"},
    )  # fmt: skip
    repeated = commands_of((REFINE, integrate, export("", "../integrate/integrated.expt")))
    assert [item.folder if isinstance(item, Command) else item for item in repeated[1:]] == [
        "integrate/split",
        "integrate/block-2/all_resolutions",
        Copy("integrate/block-2/all_resolutions/integrated.expt", "integrate/block-2/integrated.expt"),
        "integrate/block-3",
        "integrate/together",
        Copy("integrate/together/combined.expt", "integrate/integrated.expt"),
        "export",
    ]


def test_a_file_of_a_program_that_failed_is_made_by_none() -> None:
    integrate = step(
        "integrate",
        (start("", "dials.integrate", "../" + REFINED[0], exit_code=1),),
        integrated__expt="of somebody's hand",
    )
    with pytest.raises(InvalidInputError, match=r"integrate/integrated\.expt, which none of them makes"):
        commands_of((REFINE, integrate, export("", "../integrate/integrated.expt")))
