"""What a person may change: who is left out, what is processed again, what is known of a sample.

Each action is recorded with the person's name, the time and the reason, by the functions of the commands, and
carried out by Airflow.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from airflow_services import beamlines_directory, dials_settings
from beamloop.accounts.reprocessing import PlannedRun, ask_for_plan, make_plan
from beamloop.accounts.settings_check import check_settings
from beamloop.beamlines.beamline_file import program_limits, read_beamlines
from beamloop.beamlines.changes import Changes
from beamloop.beamlines.samples import parse_sample
from beamloop.catalog.events import note_event
from beamloop.catalog.intake import request_by_id
from beamloop.catalog.isomorphism_snapshot import check_of_collection
from beamloop.catalog.isomorphism_words import say_of_sweep
from beamloop.catalog.page_sweep import PlacedSweep, collection_by_id, sweeps_by_id
from beamloop.catalog.samples import set_sample
from beamloop.catalog.selection import select_sweeps
from beamloop.dials_cli.handle import Dials, open_dials
from beamloop.errors import InvalidInputError
from beamloop.records.adoption import ADOPTED_PROFILE
from beamloop.records.identifiers import CollectionId
from beamloop.records.isomorphism import WordKind
from beamloop.records.program import ProgramLimits
from beamloop.records.sample import Sample
from beamloop_ui.access import CHECK_DAG, PROCESSING_DAG, UserName, may_act
from beamloop_ui.bounds import SentNumber
from beamloop_ui.plain_words import Line, Why
from beamloop_ui.reading import catalog, transaction
from beamloop_ui.starting import start

router = APIRouter()

Numbers = Annotated[list[SentNumber], Field(min_length=1, max_length=5000)]
# The commands' --set takes any value. Here no value names a place: no slash, no "..", no expansion.
SETTING = re.compile(r"[a-z_]+\.[A-Za-z0-9_.]+=[A-Za-z0-9_.,:+*-]{1,100}")
CHANGES_SHOWN = 8

WORDS = {
    WordKind.EXCLUDE: "is excluded",
    WordKind.INCLUDE: "is included",
    WordKind.WITHDRAW: "is left to Beamloop again",
}


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Word(_Body):
    """What a person says of sweeps."""

    sweep_ids: Numbers
    kind: Literal["exclude", "include", "withdraw"]
    why: Why


@router.post("/api/words", dependencies=may_act(CHECK_DAG))
def say(word: Word, user: UserName) -> dict[str, str]:
    """Exclude sweeps, include them whatever their cells say, or leave them to Beamloop again."""
    kind = WordKind(word.kind)
    with transaction() as connection:
        sweeps = sweeps_by_id(connection, word.sweep_ids)
        for sweep in sweeps:
            say_of_sweep(
                connection, sweep.place.collection_id, sweep.sweep_id, kind,
                said_by=user, why=word.why, words=f"{sweep.sweep} {WORDS[kind]}",
            )  # fmt: skip
        collections = dict.fromkeys(sweep.place.collection_id for sweep in sweeps)
    reports = [start_check(collection_id) for collection_id in collections]
    return {"words": f"{_names(sweeps)} {WORDS[kind]}. {' '.join(dict.fromkeys(reports))}".strip()}


def start_check(collection_id: CollectionId) -> str:
    """Start the check that a collection is due for, and say so."""
    with transaction() as connection:
        check = check_of_collection(connection, collection_id)
    if check is None:
        return ""
    conf = {"collection_id": int(check.collection_id)}
    return start(CHECK_DAG, check.dag_run_id, conf, "A new report is being made, in a few seconds.")


def _names(sweeps: Sequence[PlacedSweep]) -> str:
    named = ", ".join(sweep.sweep for sweep in sweeps[:5])
    return named if len(sweeps) <= 5 else f"{named} and {len(sweeps) - 5} more"


class _NewParameters(_Body):
    """Sweeps, and what is to be otherwise; what is empty is as in each sweep's newest run."""

    sweep_ids: Numbers
    profile: Literal["", "cells", "full"] = ""
    space_group: Line = ""
    unit_cell: Line = ""
    settings: Line = ""  # "index.indexing.method=fft1d find_spots.spotfinder.filter.min_spot_size=2"
    again: Literal["no", "yes"] = "no"

    def todo(self, plan: Sequence[PlannedRun]) -> list[PlannedRun]:
        """Return the runs that will be made: known work only where it is asked for."""
        return [run for run in plan if self.again == "yes" or not run.is_known]


class Reprocessing(_NewParameters):
    """Sweeps once more."""

    why: Why


@router.post("/api/reprocess/preview", dependencies=may_act(PROCESSING_DAG))
def preview(wish: _NewParameters) -> dict[str, Any]:
    """Say what processing once more would do; nothing is done."""
    plan = _plan(wish, open_dials(dials_settings()))
    todo = wish.todo(plan)
    return {
        "to_process": len(todo),
        "known": len(plan) - len(todo),
        "left_out": len(set(wish.sweep_ids)) - len(plan),
        "changes": _changes(todo),
    }


@router.post("/api/reprocess", dependencies=may_act(PROCESSING_DAG))
def reprocess(wish: Reprocessing, user: UserName) -> dict[str, Any]:
    """Process sweeps once more with other parameters; their earlier runs are kept."""
    dials = open_dials(dials_settings())
    todo = wish.todo(_plan(wish, dials))
    if not todo:
        raise InvalidInputError(
            "This work is known: there are runs with these parameters, images and DIALS.",
            try_next='Change something, or choose to repeat known work ("yes").',
        )
    asked = ask_for_plan(catalog(), todo, dials.version(), requested_by=user, again=wish.again == "yes")
    said = []
    for place, request_id in asked:
        with transaction() as connection:
            words = f"Processed again: {wish.why}"
            note_event(connection, user, "reprocess", place.collection_id, words)
            dag_run_id = request_by_id(connection, request_id).dag_run_id
        said.append(start(PROCESSING_DAG, dag_run_id, {"request_id": int(request_id)}, "Processing begins."))
    count = "1 sweep is" if len(todo) == 1 else f"{len(todo)} sweeps are"
    return {"words": f"{count} processed once more. {' '.join(dict.fromkeys(said))}"}


def _plan(wish: _NewParameters, dials: Dials) -> list[PlannedRun]:
    settings = _settings(wish.settings)
    check_settings(dials, settings)
    changes = Changes(wish.space_group or None, wish.unit_cell or None, wish.profile or None, settings)
    with transaction() as connection:
        sweeps_by_id(connection, wish.sweep_ids)
        found = select_sweeps(connection, sweep_ids=wish.sweep_ids)
    own = [sweep for sweep in found if sweep.parameters.profile != ADOPTED_PROFILE]
    if not own:
        raise InvalidInputError(
            "These sweeps cannot be processed again: they have no run, or were adopted without their images.",
            try_next="`beamloop process` the folder of their images.",
        )
    return make_plan(catalog(), own, changes, _limits_of, dials.version())


def _settings(text: str) -> tuple[str, ...]:
    settings = tuple(text.split())
    for setting in settings:
        if not SETTING.fullmatch(setting) or ".." in setting:
            raise InvalidInputError(
                f"{setting!r} cannot be set from a page.",
                try_next="Write PROGRAM.OPTION=VALUE, the value a number or a word. `beamloop reprocess` "
                "takes more.",
            )
    return settings


def _changes(plan: Sequence[PlannedRun]) -> list[dict[str, Any]]:
    """Return how the new runs differ from the newest ones, in words, the most frequent difference first."""
    counts = Counter("; ".join(run.changes) or "the same parameters as in the newest run" for run in plan)
    return [{"words": words, "count": count} for words, count in counts.most_common(CHANGES_SHOWN)]


def _limits_of(beamline: str) -> ProgramLimits | None:
    known, _ = read_beamlines(beamlines_directory())
    file = next((one for one in known if one.beamline == beamline), None)
    return program_limits(file.limits) if file else None


class SampleWord(_Body):
    """What a person says of a collection's sample; both empty: what was said is taken back."""

    collection_id: SentNumber
    space_group: Line = ""
    unit_cell: Line = ""
    why: Why


@router.post("/api/sample", dependencies=may_act(PROCESSING_DAG))
def say_of_sample(word: SampleWord, user: UserName) -> dict[str, str]:
    """Set a sample's symmetry and cell by hand; new runs use it."""
    sample = parse_sample(word.space_group or None, word.unit_cell or None)
    with transaction() as connection:
        place = collection_by_id(connection, word.collection_id)
        set_sample(connection, place.directory, sample if sample != Sample() else None, user)
        note_event(connection, user, "sample", place.collection_id, f"Why: {word.why}")
    if sample == Sample():
        return {
            "words": "What was said by hand is taken back: the sidecar file or the beamline's rules count."
        }
    return {
        "words": f"{place.name}: {sample}. New runs use it; process sweeps once more to apply it to them."
    }
