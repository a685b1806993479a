"""`beamloop cells`: which unit cells belong together."""

from pathlib import Path
from typing import Annotated

import typer


def cells(
    files: Annotated[
        list[Path],
        typer.Argument(help="Tables (six numbers a line, then perhaps a space group) or .expt files."),
    ],
    raw_setting: Annotated[
        bool, typer.Option("--raw-setting", help="Take the cells as they are, as BLEND does.")
    ] = False,
    limit: Annotated[float, typer.Option(min=0.0, help="LCV of a group, percent.")] = 1.0,
    space_group: Annotated[
        str, typer.Option(help='Of tables whose lines name none, e.g. "H 3"; unknown without it.')
    ] = "",
    output: Annotated[
        Path | None, typer.Option(help="Write tree.png, CLUSTERS.txt and the other files here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Cluster unit cells: tree, linear cell variation, groups, outliers and why they are."""
    from beamloop.cli.cell_files import read_data_sets
    from beamloop.unit_cells.analysis import analyse_cells

    data_sets = read_data_sets(files, space_group)
    analysis = analyse_cells(
        [data_set.cell for data_set in data_sets],
        [data_set.space_group for data_set in data_sets],
        limit_percent=limit,
        raw_setting=raw_setting,
    )
    written: tuple[Path, ...] = ()
    if output is not None:
        from beamloop.unit_cells.write_files import write_files

        written = write_files(output, analysis, data_sets)
    if as_json:
        import json

        from beamloop.unit_cells.as_json import analysis_document

        document = analysis_document(analysis, data_sets) | {"files": [str(path) for path in written]}
        typer.echo(json.dumps(document, indent=2, sort_keys=True))
    else:
        from beamloop.cli.cell_report import print_analysis

        print_analysis(analysis, data_sets, written)
