"""Figures of a benchmark, as a person reads them."""

from typing import Any

Figures = dict[str, Any]
WIDTH = 44
ON_ONE_LINE = 3


def lines_of(figures: Figures, indent: str = "  ") -> list[str]:
    """Return figures as an indented table."""
    lines = []
    for name, value in figures.items():
        if isinstance(value, dict) and _is_short(value):
            told = ", ".join(f"{key} {_shown(one)}" for key, one in value.items())
            lines.append(f"{indent}{name:<{max(1, WIDTH - len(indent))}} {told}")
        elif isinstance(value, dict):
            lines += [f"{indent}{name}", *lines_of(value, indent + "  ")]
        elif isinstance(value, list) and name == "lines":
            lines += [f"{indent}{line}" for line in value]
        else:
            lines.append(f"{indent}{name:<{max(1, WIDTH - len(indent))}} {_shown(value)}")
    return lines


def _is_short(figures: Figures) -> bool:
    return 0 < len(figures) <= ON_ONE_LINE and all(isinstance(one, int | float) for one in figures.values())


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else f"{value}"
