"""`beamloop geometry serviced`: a detector was moved, opened or mended, and does not drift."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from beamloop.cli.choices import parse_since, person
from beamloop.cli.plain_text import as_text
from beamloop.cli.session import open_catalog
from beamloop.geometry.drift import LEAST_POINTS
from beamloop.geometry.services import say_serviced


def serviced(
    detector: Annotated[str, typer.Argument(help="Its name, or a part that no other detector's has.")],
    at: Annotated[str, typer.Option(help="First data that may be different: 2026-11-20T18:00, 12h.")],
    why: Annotated[str, typer.Option(help="What was done; it is kept with your name.")],
    beamline: Annotated[str | None, typer.Option(help="Only this beamline's.")] = None,
    take_back: Annotated[
        bool, typer.Option("--take-back", help="It was not: undo the word about this very time.")
    ] = False,
) -> None:
    """Say that a detector was serviced: its drift is charted anew from that time on."""
    time = parse_since(at, datetime.now(UTC)).replace(microsecond=0)
    with open_catalog() as catalog:
        found = say_serviced(
            catalog, detector, beamline, at=time, by=person(), why=why, took_place=not take_back
        )
    effect = (
        "Its charts are as if it had not been serviced then."
        if take_back
        else f"Its control limits begin anew, with the {LEAST_POINTS} metrologies after that."
    )
    words = f"{found.identifier} of {found.beamline}, {time:%Y-%m-%d %H:%M:%S} UTC. {effect}"
    Console().print(as_text(words), soft_wrap=True)
