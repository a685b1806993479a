"""`beamloop reproduce`: a shell script that repeats a run with plain DIALS commands."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from beamloop.catalog.connection import Catalog
from beamloop.cli.plain_text import as_text
from beamloop.cli.session import load_settings
from beamloop.errors import InvalidInputError
from beamloop.records.identifiers import RunId
from beamloop.storage.opening import open_store


def reproduce(
    run: Annotated[int, typer.Argument(help="Number of a run, see `beamloop show COLLECTION SWEEP`.")],
    output: Annotated[Path | None, typer.Option(help="The file to write; none: print the script.")] = None,
) -> None:
    """Write a shell script that repeats a run with plain DIALS commands, in an empty folder."""
    from beamloop.sweep.reproduce import reproduction_script

    settings = load_settings()
    with Catalog(settings.catalog_dsn) as catalog:
        script = reproduction_script(catalog, open_store(settings.store), RunId(run))
    if output is None:
        typer.echo(script, nl=False)
        return
    _write(output, script)
    words = f"Written: {output}. Start it with sh in an empty folder."
    Console().print(as_text(words), soft_wrap=True)


def _write(output: Path, script: str) -> None:
    try:
        # "x": a file that is there stays as it is.
        with output.open("x", encoding="utf-8") as file:
            file.write(script)
    except OSError as error:
        raise InvalidInputError(
            f"The script cannot be written to {str(output)!a}: {error.strerror}.",
            try_next="Choose the name of a new file in a folder that you may write to.",
        ) from error
