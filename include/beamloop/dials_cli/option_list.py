"""Which options a DIALS's programs have, by its own list, and whether settings can be meant by it.

The list of the DIALS that Beamloop is tested with comes along (`option_lists/`); that of another one is
asked for, once in a process.
"""

import logging
import subprocess
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from beamloop.dials_cli.environment import program_environment
from beamloop.dials_cli.handle import Dials
from beamloop.dials_cli.option_values import OptionKind, value_fault
from beamloop.errors import InvalidInputError
from beamloop.records.parameters import STEPS
from beamloop.settings import DialsSettings

log = logging.getLogger(__name__)

SCRIPT = Path(__file__).with_name("scripts") / "list_options.py"
LISTS = Path(__file__).with_name("option_lists")
PATIENCE_S = 120.0  # a first start from a cold network file system
NAMES_SHOWN = 5

# By program and the option's whole name.
OptionList = Mapping[str, Mapping[str, OptionKind]]
_form = TypeAdapter(dict[str, dict[str, OptionKind]])


def check_options(dials: Dials, options: Mapping[str, Sequence[str]]) -> None:
    """Refuse settings that the programs would not understand.

    A DIALS that does not tell its options is left to judge by itself, when its program runs.

    Parameters
    ----------
    dials
        Which DIALS.
    options
        By program, e.g. {"index": ["indexing.method=fft1d"]}.

    Raises
    ------
    InvalidInputError
        When there is no such option, a short name could mean several, or the value cannot be meant.
    """
    if not any(options.values()):
        return
    known = known_options(dials)
    for program, settings in options.items():
        for setting in settings if known else ():
            _check(program, setting, known[program])


def _check(program: str, setting: str, known: Mapping[str, OptionKind]) -> None:
    name, _, value = setting.partition("=")
    whole = _whole_name(program, name.strip(), known)
    fault = value_fault(known[whole], value)
    if fault:
        raise InvalidInputError(
            f"{program}.{setting}: {whole} {fault}.",
            try_next=f"`dials.{program} -c -e3 -a2` tells what its options are for.",
        )


def _whole_name(program: str, name: str, known: Mapping[str, OptionKind]) -> str:
    """Return the option that a name means: itself, or the end of one; of several the one of the lowest level.

    DIALS goes on to guess from any part of a name; that is refused here.
    """
    if name in known:
        return name
    found = [whole for whole in known if whole.endswith(f".{name}")]
    lowest = min((known[whole].level for whole in found), default=0)
    meant = [whole for whole in found if known[whole].level == lowest]
    if len(meant) == 1:
        return meant[0]
    if meant:
        raise InvalidInputError(
            f"{program}.{name} may mean {_listed(meant)}.", try_next="Write more of the option's name."
        )
    close = _close_names(name, known)
    raise InvalidInputError(
        f"dials.{program} has no option {name!a}.",
        try_next=f"Is one of these meant: {_listed(close)}?" if close
        else f"`dials.{program} -c -e3` lists its options.",
    )  # fmt: skip


def _close_names(name: str, known: Mapping[str, OptionKind]) -> list[str]:
    """Return options that are spelt alike, as a whole or in their last part."""
    last = name.rpartition(".")[2]
    by_last: dict[str, list[str]] = {}
    for whole in known:
        by_last.setdefault(whole.rpartition(".")[2], []).append(whole)
    alike = [whole for end in get_close_matches(last, by_last, 2, 0.75) for whole in by_last[end]]
    return list(dict.fromkeys([*get_close_matches(name, known, NAMES_SHOWN, 0.75), *alike]))


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def known_options(dials: Dials) -> OptionList:
    """Return the options of the programs of a sweep; empty where this DIALS does not tell them."""
    return _options(dials.version(), dials.settings)


@lru_cache(maxsize=4)
def _options(version: str, settings: DialsSettings) -> OptionList:
    kept = LISTS / f"{version}.json"
    try:
        return read_list(kept.read_bytes() if kept.is_file() else ask_options(settings))
    except (OSError, subprocess.SubprocessError, ValidationError) as error:
        log.warning("DIALS %s does not tell its options; settings are not checked: %s", version, error)
        return {}


def read_list(text: bytes) -> OptionList:
    """Return a list of options as the script prints it.

    Raises
    ------
    pydantic.ValidationError
        When it is none.
    """
    return _form.validate_json(text)


def ask_options(settings: DialsSettings) -> bytes:
    """Return what DIALS itself says of its options, as the script prints it; 2 s.

    Raises
    ------
    OSError, subprocess.SubprocessError
        When its Python cannot be run, or fails.
    """
    argv = [str(settings.python), "-I", str(SCRIPT), *STEPS]
    # One command of ours, no file name of anybody else in it.
    return subprocess.run(  # noqa: S603
        argv, env=program_environment({}), capture_output=True, timeout=PATIENCE_S, check=True
    ).stdout
