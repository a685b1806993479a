"""`beamloop demo`: a simulated beamline, from images to results beside the truth."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from beamloop.catalog.joint_results import JointResult
from beamloop.catalog.results import find_collections
from beamloop.cli.demo_collections import collect
from beamloop.cli.demo_groups import wait_for_groups
from beamloop.cli.demo_joint import refine_groups
from beamloop.cli.demo_loop import begin_loop, close_loop
from beamloop.cli.follow import Results, Standing, follow, read_standing
from beamloop.cli.groups_account import GroupsAccount, groups_document
from beamloop.cli.groups_text import print_summary
from beamloop.cli.joint_table import joint_document, print_joint
from beamloop.cli.loop_account import loop_json, print_closed_loop
from beamloop.cli.results_json import dump, results_document
from beamloop.cli.results_table import print_results, results_console
from beamloop.cli.session import open_catalog
from beamloop.cli.stack import INTERRUPTED
from beamloop.cli.truth import compare, unexpected
from beamloop.local_stack.bring_up import StackAccess, bring_up
from beamloop.local_stack.exclusive import termination_as_interrupt
from beamloop.local_stack.layout import find_layout
from beamloop.local_stack.narration import Narration
from beamloop.simulate import Truth
from beamloop.simulate.presets import PRESETS

PRESET = "teha12"
LOOP_FOLDER = "loop"  # nothing watches it: the demo asks for what it writes there
PACE_S_PER_IMAGE = 0.1  # a fast Pilatus; the whole collection takes a quarter of a minute


def demo(
    seed: Annotated[int, typer.Option(help="Another seed is another collection.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print the results as JSON.")] = False,
) -> None:
    """Start the stack, process a simulated collection, calibrate a detector; compare with the truth.

    The exit code is 0 when every sweep ended as its truth says, and the next collection was imported with the
    calibrated geometry.
    """
    console = results_console(stderr=as_json)
    narration = Narration(lambda text: console.print(text, markup=False, highlight=False, soft_wrap=True))
    began = time.monotonic()
    with termination_as_interrupt():
        try:
            access = bring_up(find_layout(), narration)
            as_expected = _run(console, narration, access, seed, as_json)
        except KeyboardInterrupt:
            narration.note("Interrupted; `make demo` goes on from here, `make down` stops what runs.")
            raise typer.Exit(INTERRUPTED) from None
    narration.note(f"Whole demo: {time.monotonic() - began:.0f} s. The stack runs on: `make down` stops it.")
    narration.note(f"Airflow: {access.url}  user {access.user}  password {access.password}")
    narration.note(f"The pages: {access.url}/beamloop/now")
    if not as_expected:
        raise typer.Exit(1)


def _run(console: Console, narration: Narration, access: StackAccess, seed: int, as_json: bool) -> bool:
    """Simulate, wait, print; whether every sweep ended as its truth says, and the loop is closed."""
    directory = find_layout().watched / f"teha_{seed}"
    plan = PRESETS[PRESET](seed)
    truth = collect(console, narration, plan, directory, pace_s_per_image=PACE_S_PER_IMAGE)
    narration.note(f"Waiting for Airflow to process {len(truth.sweeps)} sweeps: {access.url}")
    with open_catalog() as catalog:

        def read() -> Standing:
            with catalog.transaction() as connection:
                found = find_collections(connection, str(directory))
            return read_standing(catalog, found[0]) if found else Standing(())

        results = follow(console, read, expected_sweeps=len(truth.sweeps))
        # While reports and joint refinements are waited for, there is time for the last part's first sweeps.
        first = begin_loop(catalog, console, narration, find_layout().state / LOOP_FOLDER, seed)
        narration.note("Waiting for the report on which crystals belong together")
        account = wait_for_groups(catalog, str(directory))
        joints = refine_groups(catalog, str(directory), console, narration) if account else []
        if not as_json:
            _print(console, directory, results, truth, account, joints)
        loop = close_loop(catalog, console, narration, first)
    if as_json:
        document = results_document(str(directory), results)
        document["truth"] = compare(results, truth)
        document["isomorphism"] = groups_document(account) if account else None
        document["joints"] = [joint_document(joint) for joint in joints]
        document["loop"] = loop_json(loop)
        typer.echo(dump(document))
    else:
        print_closed_loop(console, loop)
    return loop.is_closed and not unexpected(results, truth)


def _print(
    console: Console,
    directory: Path,
    results: Results,
    truth: Truth,
    account: GroupsAccount | None,
    joints: Sequence[JointResult],
) -> None:
    print_results(
        console, f"{directory.name}: simulated, compared with the truth", results, compare(results, truth)
    )
    wrong = unexpected(results, truth)
    words = f"Not as expected: {', '.join(wrong)}." if wrong else "Every sweep ended as its truth says."
    console.print(words, style="red" if wrong else "green")
    if account:
        print_summary(console, account)
        for joint in joints:
            print_joint(console, joint)
    else:
        console.print("There is no report on isomorphism yet; `beamloop groups` shows it when it is made.")
