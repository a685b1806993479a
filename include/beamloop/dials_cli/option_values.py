"""What an option of a DIALS program takes, and whether a text can be meant by it."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

# Any option may be left to the program.
LEFT_TO_THE_PROGRAM = ("none", "auto")
YES_OR_NO = ("true", "false", "yes", "no", "on", "off", "1", "0")
SEPARATORS = re.compile(r"[\s,]+")


@dataclass(frozen=True, slots=True)
class OptionKind:
    """What an option takes."""

    type: str  # "int", "choice", ...: DIALS's name of it
    level: int  # 1: from which `-e` on it is listed
    choices: tuple[str, ...] = ()  # ("fft1d", "fft3d")
    many: bool = False  # several choices, joined by +
    least: float | None = None  # of a number
    most: float | None = None


def value_fault(kind: OptionKind, value: str) -> str | None:
    """Say why a value cannot be meant; None where it can, or where only the program can tell.

    Parameters
    ----------
    kind
        What the option takes.
    value
        E.g. "fft1d", "3", "30,3".

    Returns
    -------
    str or None
        E.g. "takes one of fft1d, fft3d".
    """
    text = value.strip().strip("'\"")
    if text.lower() in LEFT_TO_THE_PROGRAM:
        return None
    check = CHECKS.get(kind.type)
    return check(kind, text) if check else None


def _choice_fault(kind: OptionKind, text: str) -> str | None:
    wanted = [part.strip("* ").lower() for part in text.split("+" if kind.many else "\n")]
    if set(wanted) <= {choice.lower() for choice in kind.choices}:
        return None
    return f"takes {'some' if kind.many else 'one'} of {', '.join(kind.choices)}"


def _flag_fault(kind: OptionKind, text: str) -> str | None:
    return None if text.lower() in YES_OR_NO else "takes True or False"


def _number_fault(kind: OptionKind, text: str) -> str | None:
    words = "a whole number" if kind.type.startswith("int") else "a number"
    try:
        number = float(text)
    except ValueError:
        return f"takes {words}"
    if not math.isfinite(number) or (kind.type.startswith("int") and number != int(number)):
        return f"takes {words}"
    if kind.least is not None and number < kind.least:
        return f"takes {words}, {kind.least:g} at least"
    if kind.most is not None and number > kind.most:
        return f"takes {words}, {kind.most:g} at most"
    return None


def _numbers_fault(kind: OptionKind, text: str) -> str | None:
    for part in SEPARATORS.split(text):
        if part.lower() not in LEFT_TO_THE_PROGRAM and (fault := _number_fault(kind, part)):
            return fault.replace("a whole number", "whole numbers").replace("a number", "numbers")
    return None


CHECKS: Mapping[str, Callable[[OptionKind, str], str | None]] = {
    "choice": _choice_fault,
    "bool": _flag_fault,
    "int": _number_fault,
    "float": _number_fault,
    "ints": _numbers_fault,
    "floats": _numbers_fault,
}
