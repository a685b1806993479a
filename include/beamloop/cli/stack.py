"""The commands that start, stop and describe the local stack."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from beamloop.cli.plain_text import plain
from beamloop.local_stack.bring_up import bring_up
from beamloop.local_stack.doctor import examine
from beamloop.local_stack.exclusive import termination_as_interrupt
from beamloop.local_stack.layout import find_layout
from beamloop.local_stack.narration import Narration
from beamloop.local_stack.status import ComponentStatus, StackStatus, stack_status
from beamloop.local_stack.take_down import take_down

FORMAT = 1  # of the JSON documents; see docs/json.md
INTERRUPTED = 130  # what a shell expects of a program ended by Ctrl-C

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]


def up() -> None:
    """Start the local stack: PostgreSQL and Airflow. What runs already is left alone."""
    with termination_as_interrupt():
        try:
            access = bring_up(find_layout(), Narration(typer.echo))
        except KeyboardInterrupt:
            typer.echo("Interrupted; `beamloop up` goes on from here.", err=True)
            raise typer.Exit(INTERRUPTED) from None
    typer.echo(f"Airflow: {access.url}  user {access.user}  password {access.password}")


def down() -> None:
    """Stop the local stack. Its data stay; running tasks are tried again after the next `up`."""
    if not take_down(find_layout(), Narration(typer.echo)):
        typer.echo("Nothing was running.")


def status(as_json: AsJson = False) -> None:
    """Tell how the local stack is. The exit code is 0 only when all is well."""
    found = stack_status(find_layout())
    if as_json:
        typer.echo(json.dumps({"format": FORMAT, **asdict(found)}, indent=2, sort_keys=True))
    else:
        _print_status(found)
    if not found.well:
        raise typer.Exit(1)


def doctor(as_json: AsJson = False) -> None:
    """Examine this machine: what is missing, and what to do. The exit code is 0 only when all is well."""
    checks = examine(find_layout())
    if as_json:
        document = {"format": FORMAT, "checks": [asdict(check) for check in checks]}
        typer.echo(json.dumps(document, indent=2, sort_keys=True))
    else:
        for check in checks:
            typer.echo(f"{'OK     ' if check.ok else 'PROBLEM'}  {check.name}: {plain(check.found)}")
            if check.remedy:
                typer.echo(f"         {check.remedy}")
    if not all(check.ok for check in checks):
        raise typer.Exit(1)


def _print_status(found: StackStatus) -> None:
    table = Table("component", "state", "pid", "port", "uptime", "memory", box=None, header_style="bold")
    for component in found.components:
        table.add_row(*_row(component))
    Console().print(table)
    for what, answers in (
        ("catalogue", found.catalogue_answers),
        (f"artifact store {found.store}", found.store_answers),
    ):
        typer.echo(f"{what}: {'answers' if answers else 'does not answer'}")
    typer.echo(f"state directory {found.state_directory}: {found.disk_free_bytes / 1e9:.1f} GB free")
    if found.ui_url:
        typer.echo(f"Airflow: {found.ui_url}  user {found.ui_user}  password {found.ui_password}")
    if not found.well:
        typer.echo("Not all is well: `beamloop up` starts what is missing.")


def _row(component: ComponentStatus) -> tuple[str, ...]:
    hours, seconds = divmod(component.uptime_s or 0, 3600)
    return (
        component.name,
        component.state,
        str(component.pid or ""),
        str(component.port or ""),
        "" if component.uptime_s is None else f"{hours}:{seconds // 60:02}:{seconds % 60:02}",
        "" if component.memory_bytes is None else f"{component.memory_bytes / 1e6:.0f} MB",
    )
