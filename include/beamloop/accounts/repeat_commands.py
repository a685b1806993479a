"""The commands of a run, for a person who wants to try something in a copy of its files."""

from dataclasses import dataclass
from pathlib import Path

from beamloop.accounts.shell_words import shell_word
from beamloop.accounts.sweep_account import SweepAccount
from beamloop.dials_cli.environment import FILTERS, filter_folder
from beamloop.records.images import MasterImages
from beamloop.records.program import ProgramEnd


@dataclass(frozen=True, slots=True)
class RepeatCommand:
    """One line for bash."""

    line: str  # "(cd try-run-17/index && dials.index ../import/imported.expt)"
    trouble: str = ""  # "exited, exit code 1", where the program failed in the run


def repeat_commands(account: SweepAccount) -> list[RepeatCommand]:
    """Return the lines that repeat a run's programs in a copy, so that its own files stay as they are.

    Empty where no program ran.
    """
    if not any(step.programs for step in account.story.steps):
        return []
    copy = Path(f"try-{account.run_directory.name}")
    commands = [RepeatCommand(f"cp -a {shell_word(str(account.run_directory))} {copy}")]
    if isinstance(account.run.images, MasterImages):
        # Without it, images packed by a filter that HDF5 lacks look empty to DIALS.
        commands.append(RepeatCommand(f"export {FILTERS}={shell_word(filter_folder())}"))
    for step in account.story.steps:
        for program in step.programs:
            folder = copy / account.folder_of(step.step, program)
            argv = " ".join(shell_word(word) for word in program.argv)
            failed = program.program_end != ProgramEnd.EXITED.value or program.exit_code
            trouble = f"{program.program_end}, exit code {program.exit_code}" if failed else ""
            commands.append(RepeatCommand(f"(cd {shell_word(str(folder))} && {argv})", trouble))
    return commands
