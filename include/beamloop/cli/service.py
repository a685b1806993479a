"""`beamloop service ...`: what the containers of docker/ run."""

from typing import Annotated

import typer

from beamloop.containers.deployment import read_deployment
from beamloop.containers.prepare import apply_settings, prepare_databases
from beamloop.containers.serve import become
from beamloop.local_stack.narration import Narration

service_app = typer.Typer(
    help="Run one service of a deployment in a container; docs/operations.md, Deployment.",
    no_args_is_help=True,
)


@service_app.command()
def prepare() -> None:
    """Make or migrate the databases and the bucket, then end; safe to repeat."""
    prepare_databases(read_deployment(), Narration(typer.echo))


@service_app.command()
def entries() -> None:
    """Give the running Airflow its connections, pools and variables, then end; safe to repeat."""
    apply_settings(read_deployment(), Narration(typer.echo))


@service_app.command()
def run(
    name: Annotated[str, typer.Argument(help="api-server, scheduler, dag-processor, triggerer or worker.")],
) -> None:
    """Become one of Airflow's programs."""
    become(read_deployment(), name)
