"""The commands of `beamloop`, and how it ends when something is wrong."""

import sys

import click
import typer

from beamloop.cli.adopt import adopt
from beamloop.cli.cells import cells
from beamloop.cli.clean import clean
from beamloop.cli.demo import demo
from beamloop.cli.failures import failures
from beamloop.cli.geometry import geometry_app
from beamloop.cli.groups import groups
from beamloop.cli.joint import joint_app
from beamloop.cli.member_words import exclude, include, limit, regroup
from beamloop.cli.merge import merge
from beamloop.cli.metrology import metrology_app
from beamloop.cli.plain_text import plain
from beamloop.cli.process import process
from beamloop.cli.reprocess import reprocess
from beamloop.cli.reproduce import reproduce
from beamloop.cli.sample import sample_app
from beamloop.cli.service import service_app
from beamloop.cli.show import show
from beamloop.cli.simulate import simulate
from beamloop.cli.stack import doctor, down, status, up
from beamloop.errors import BeamloopError

app = typer.Typer(
    help="Process a beamline's data collections with DIALS through Airflow.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (
    up,
    down,
    status,
    doctor,
    demo,
    process,
    reprocess,
    show,
    failures,
    groups,
    exclude,
    include,
    regroup,
    limit,
    merge,
    simulate,
    cells,
    adopt,
    clean,
    reproduce,
):
    app.command()(command)
app.add_typer(sample_app, name="sample")
app.add_typer(joint_app, name="joint")
app.add_typer(geometry_app, name="geometry")
app.add_typer(metrology_app, name="metrology")
app.add_typer(service_app, name="service")


def main() -> None:
    """Run a command; faults are told in words, with exit code 1, or 2 for a wrong call."""
    try:
        app()
    except BeamloopError as error:
        # A message quotes file names and logs of others: no escape of theirs reaches the terminal.
        words = "\n".join(plain(line) for line in str(error).split("\n"))
        click.echo(f"beamloop: {words}", err=True)
        sys.exit(1)
