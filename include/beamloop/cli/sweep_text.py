"""What became of one sweep, in plain words."""

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from beamloop.accounts.parameter_words import describe_parameters
from beamloop.accounts.repeat_commands import repeat_commands
from beamloop.accounts.sweep_account import SweepAccount
from beamloop.catalog.stories import RunHeader, StepStory
from beamloop.cli.failures import when
from beamloop.cli.plain_text import as_text, plain_line
from beamloop.cli.results_table import outcome_text
from beamloop.records.adoption import Adoption
from beamloop.records.parameters import STEPS
from beamloop.records.run import CrystalFact, RungFact


def print_account(console: Console, account: SweepAccount) -> None:
    """Print a sweep's account: outcome, steps, figures, commands, files, runs."""
    for section in (_outcome, _steps, _figures, _commands, _files, _runs):
        for line in section(account):
            console.print(line, soft_wrap=True, highlight=False)


def _heading(words: str) -> Text:
    return Text(f"\n{words}", style="bold")


def _outcome(account: SweepAccount) -> Iterator[Text]:
    place, images, header = account.place, account.run.images, account.story.header
    yield as_text(f"{account.run.sweep_name} of {place.name}, beamline {place.beamline}", "bold")
    missing = f", without {', '.join(map(str, images.missing))}" if images.missing else ""
    template = account.adoption.template if account.adoption else images.directory / images.template
    yield as_text(f"{template or 'images unknown'}, images {images.first}-{images.last}{missing}")
    yield Text()
    yield outcome_text(header.outcome, f"{len(account.story.steps)} of {len(STEPS)} steps")
    if header.outcome:
        at = f"At {header.outcome.step}: " if header.outcome.step else ""
        yield as_text(f"{at}{plain_line(header.outcome.sentence)}")
        if header.outcome.try_next:
            yield as_text(f"→ {header.outcome.try_next}", "cyan")
    elif header.last_trouble:
        yield as_text(f"The last try met: {plain_line(header.last_trouble)}", "yellow")


def _steps(account: SweepAccount) -> Iterator[Text]:
    header = account.story.header
    if account.adoption:
        yield from _adopted(account.adoption, header)
    else:
        yield _heading(f"What happened: run {header.run_id} with DIALS {header.dials_version}")
        yield as_text(f"  {_asked(header)}")
        yield as_text(f"  {describe_parameters(header.parameters)}")
        if header.geometry_id:
            yield as_text(f"  detector of geometry {header.geometry_id}, moved to the distance of the images")
    for step in account.story.steps:
        cpu_s = sum(program.cpu_s for program in step.programs)
        yield as_text(f"  {step.step:<11} {plain_line(step.finding)}").append(f"  ({cpu_s:.1f} CPU s)", "dim")
        if step.step == "index":
            for rung in account.story.rungs:
                yield _rung(rung)
    done = {step.step for step in account.story.steps}
    left = [step for step in STEPS if step not in done]
    if left and not account.adoption:
        words = "not done" if header.outcome else "still to do"
        yield as_text(f"  {words}: {', '.join(left)}", "dim")


def _adopted(adoption: Adoption, header: RunHeader) -> Iterator[Text]:
    yield _heading(f"What happened: run {header.run_id}, made elsewhere by a DIALS that is not known")
    yield as_text(
        f"  adopted by {adoption.adopted_by} at {when(adoption.adopted_at)} from {adoption.directory}"
    )
    for file in adoption.files:
        yield as_text(f"  {file.path}, {file.size_bytes} bytes, SHA-256 {file.sha256}", "dim")


def _asked(header: RunHeader) -> str:
    words = f"asked for by {header.requested_by} at {when(header.created_at)}"
    if header.started_at and header.ended_at:
        seconds = (header.ended_at - header.started_at).total_seconds()
        return f"{words}, started {(header.started_at - header.created_at).total_seconds():.0f} s later, " \
               f"took {seconds:.0f} s"  # fmt: skip
    return f"{words}, {'at work' if header.started_at else 'waiting'}"


def _rung(rung: RungFact) -> Text:
    sign = "✓" if rung.accepted else "–"
    words = (
        f"    {sign} rung {rung.rung}, {rung.method}: {plain_line(rung.finding)} "
        f"[{rung.indexed_count} indexed, {rung.cpu_s:.1f} CPU s]"
    )
    return as_text(words, "" if rung.accepted else "dim").append(as_text(f" Why: {rung.reason}", "dim"))


def _figures(account: SweepAccount) -> Iterator[Text]:
    story = account.story
    steps = [step for step in story.steps if step.crystals]
    if not (story.spots or steps):
        return
    yield _heading("Figures")
    if story.spots:
        per_image = " ".join(map(str, story.spots.spots_per_image[:40]))
        more = " ..." if len(story.spots.spots_per_image) > 40 else ""
        yield as_text(f"  strong spots  {story.spots.spot_count}; by image: {per_image}{more}")
    for step in steps:
        for crystal in step.crystals:
            yield as_text(f"  after {step.step:<9} {_crystal(crystal)}")
    if story.integration:
        found = story.integration
        strength = "" if found.mean_i_over_sigma is None else f", mean I/σ {found.mean_i_over_sigma:.1f}"
        limit = "" if found.d_min_angstrom is None else f", to {found.d_min_angstrom:.2f} Å"
        use = "fit for merging" if found.for_merging else "not for merging"
        yield as_text(f"  integrated    {found.summed_count} by summation, {found.profile_fitted_count} by "
                      f"profile fitting{strength}{limit}; {use}")  # fmt: skip


def _crystal(crystal: CrystalFact) -> str:
    su = crystal.cell_su or (None,) * 6
    # Below half of the last digit, an uncertainty is that of a value which symmetry fixes.
    cell = " ".join(f"{value:.2f}±{error:.2f}" if error and error >= 0.005 else f"{value:.2f}"
                    for value, error in zip(crystal.cell, su, strict=True))  # fmt: skip
    rmsd = ""
    if crystal.rmsd_x_px is not None and crystal.rmsd_y_px is not None:
        rmsd = f"; RMSD x y {crystal.rmsd_x_px:.2f} {crystal.rmsd_y_px:.2f} px"
    if crystal.rmsd_phi_deg is not None:
        rmsd += f", φ {crystal.rmsd_phi_deg:.3f}°"
    place = f"; {crystal.distance_mm:.2f} mm, beam {crystal.beam_x_mm:.2f} {crystal.beam_y_mm:.2f} mm"
    return f"{crystal.space_group}, {cell} Å °; {crystal.indexed_count} indexed{rmsd}{place}"


def _commands(account: SweepAccount) -> Iterator[Text]:
    commands = repeat_commands(account)
    if not commands:
        return
    yield _heading("Commands, to be repeated in a copy so that the run's own files stay as they are")
    for command in commands:
        line = Text(command.line)
        if command.trouble:
            line.append(f"   # {command.trouble}", "yellow")
        yield line


def _files(account: SweepAccount) -> Iterator[Text]:
    yield _heading("Logs and files")
    if not account.adoption:
        yield as_text(f"  {account.run_directory}/STEP/, as long as the run's directory is kept")
    yield as_text(f"  in the store {account.store} under {account.run.place}/STEP/:")
    for step in account.story.steps:
        yield as_text(f"  {step.step:<11} {_names(step)}")
    if not account.adoption:
        yield as_text(f"  Airflow: run {account.story.header.dag_run_id} of process_collection")


def _names(step: StepStory) -> str:
    return ", ".join(name for name, _ in step.artifacts) or "no files"


def _runs(account: SweepAccount) -> Iterator[Text]:
    yield _heading(f"Runs of this sweep, how they differ from run {account.story.header.run_id}")
    for header in account.runs:
        line = as_text(f"  run {header.run_id}  {when(header.created_at)}  by {header.requested_by}  ")
        line.append(outcome_text(header.outcome, "at work"))
        if header.run_id == account.story.header.run_id:
            yield line.append("  shown above", "dim")
            continue
        words = "; ".join(account.changes_to(header)) or "the same parameters"
        yield line.append(as_text(f"  {words}", "cyan"))
