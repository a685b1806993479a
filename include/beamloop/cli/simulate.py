"""`beamloop simulate`: write a collection of known truth."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from beamloop.errors import InvalidInputError
from beamloop.records.sample import UnitCell

if TYPE_CHECKING:
    from beamloop.simulate.plan import CollectionPlan


def simulate(
    preset: Annotated[str, typer.Argument(help="teha12, tiny2, hard, loop or loop_next.")],
    directory: Annotated[Path, typer.Argument(help="Where to write; must not hold a collection yet.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 1,
    sweeps: Annotated[int | None, typer.Option(min=1, help="How many sweeps.")] = None,
    images: Annotated[int | None, typer.Option(min=1, help="How many images a sweep.")] = None,
    pace: Annotated[float, typer.Option(min=0.0, help="Seconds from image to image.")] = 0.0,
    processes: Annotated[int, typer.Option(min=1, help="Sweeps made at the same time.")] = 1,
    missing: Annotated[
        list[str] | None, typer.Option(help="Images never written, e.g. xtal2_1:5-6,9; may be repeated.")
    ] = None,
    distance_offset_mm: Annotated[
        float | None, typer.Option(help="True distance minus the header's.")
    ] = None,
    beam_offset_px: Annotated[
        str | None, typer.Option(help="True beam centre minus the header's: X,Y.")
    ] = None,
    tilt_mrad: Annotated[str | None, typer.Option(help="Tilt of the detector about x, then y: X,Y.")] = None,
    module_shift_um: Annotated[float | None, typer.Option(min=0.0, help="RMS shift of the modules.")] = None,
    detector: Annotated[str | None, typer.Option(help="300K, 1M, 2M or 6M.")] = None,
    space_group: Annotated[str | None, typer.Option(help='E.g. "P 43 21 2".')] = None,
    unit_cell: Annotated[str | None, typer.Option(help="a,b,c,alpha,beta,gamma; angstrom, degrees.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Write a collection of simulated sweeps and its truth.json."""
    from beamloop.simulate.options import Wishes, plan_for

    wishes = Wishes(
        preset=preset,
        seed=seed,
        sweeps=sweeps,
        images=images,
        missing=tuple(missing or ()),
        model=detector,
        distance_offset_mm=distance_offset_mm,
        beam_offset_px=None if beam_offset_px is None else _pair(beam_offset_px, "--beam-offset-px"),
        tilt_mrad=None if tilt_mrad is None else _pair(tilt_mrad, "--tilt-mrad"),
        module_shift_rms_um=module_shift_um,
        space_group=space_group,
        unit_cell=None if unit_cell is None else _cell(unit_cell),
    )
    plan = plan_for(wishes)
    count = _write(plan, directory, pace, processes, show_progress=not as_json)
    _report(plan, directory, count, as_json)


def _write(
    plan: "CollectionPlan", directory: Path, pace: float, processes: int, *, show_progress: bool
) -> int:
    """Write the collection and return the number of images."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from beamloop.simulate import write_collection

    count = sum(sweep.images - len(sweep.missing) for sweep in plan.sweeps)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not show_progress) as progress:
        task = progress.add_task("Writing images", total=count)
        write_collection(
            plan,
            directory,
            pace_s_per_image=pace,
            processes=processes,
            on_image=lambda path: progress.update(task, advance=1, description=path.name),
        )
    return count


def _report(plan: "CollectionPlan", directory: Path, count: int, as_json: bool) -> None:
    from beamloop.simulate.truth import TRUTH_FILE

    if as_json:
        facts = {
            "directory": str(directory),
            "truth": str(directory / TRUTH_FILE),
            "seed": plan.seed,
            "images": count,
            "sweeps": [{"name": sweep.name, "kind": sweep.kind} for sweep in plan.sweeps],
        }
        typer.echo(json.dumps(facts))
    else:
        held = f"these images: {count}, of sweeps: {len(plan.sweeps)}"
        typer.echo(f"{directory} holds {TRUTH_FILE} and {held}.")


def _floats(text: str, count: int, option: str, example: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != count:
        raise InvalidInputError(
            f"{option} {text!r} is not {count} numbers.",
            try_next=f"Write {option} {example}, without spaces.",
        )
    return values


def _pair(text: str, option: str) -> tuple[float, float]:
    first, second = _floats(text, 2, option, "1.4,-1.1")
    return (first, second)


def _cell(text: str) -> UnitCell:
    return UnitCell(*_floats(text, 6, "--unit-cell", "98.3,98.3,136.6,90,90,120"))
