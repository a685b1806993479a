"""The commands of `beamloop`, and how it ends when something is wrong."""

import sys

import click
import typer

from beamloop.cli.plain_text import plain
from beamloop.cli.when_called import group_of
from beamloop.errors import BeamloopError

COMMANDS = {
    "up": "beamloop.cli.stack:up",
    "down": "beamloop.cli.stack:down",
    "status": "beamloop.cli.stack:status",
    "doctor": "beamloop.cli.stack:doctor",
    "demo": "beamloop.cli.demo:demo",
    "process": "beamloop.cli.process:process",
    "reprocess": "beamloop.cli.reprocess:reprocess",
    "show": "beamloop.cli.show:show",
    "failures": "beamloop.cli.failures:failures",
    "groups": "beamloop.cli.groups:groups",
    "exclude": "beamloop.cli.member_words:exclude",
    "include": "beamloop.cli.member_words:include",
    "regroup": "beamloop.cli.member_words:regroup",
    "limit": "beamloop.cli.member_words:limit",
    "merge": "beamloop.cli.merge:merge",
    "simulate": "beamloop.cli.simulate:simulate",
    "cells": "beamloop.cli.cells:cells",
    "adopt": "beamloop.cli.adopt:adopt",
    "clean": "beamloop.cli.clean:clean",
    "reproduce": "beamloop.cli.reproduce:reproduce",
    "sample": "beamloop.cli.sample:sample_app",
    "joint": "beamloop.cli.joint:joint_app",
    "geometry": "beamloop.cli.geometry:geometry_app",
    "metrology": "beamloop.cli.metrology:metrology_app",
    "service": "beamloop.cli.service:service_app",
}

app = typer.Typer(cls=group_of(COMMANDS), no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def beamloop() -> None:
    """Process a beamline's data collections with DIALS through Airflow."""


def main() -> None:
    """Run a command; faults are told in words, with exit code 1, or 2 for a wrong call."""
    try:
        app()
    except BeamloopError as error:
        # A message quotes file names and logs of others: no escape of theirs reaches the terminal.
        words = "\n".join(plain(line) for line in str(error).split("\n"))
        click.echo(f"beamloop: {words}", err=True)
        sys.exit(1)
