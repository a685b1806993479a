"""What reports of several stages have in common: one HTML file that needs no script, font or style sheet."""

import base64
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; }
body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; } h2 { font-size: 1.25rem; margin-top: 2.2rem; }
.answer { font-size: 1.1rem; border-left: .4rem solid #0072B2; padding: .4rem 1rem; background: #f2f7fb; }
.kept { border-color: #D55E00; background: #fdf3ec; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .6rem 0; }
th, td { padding: .25rem .7rem; text-align: right; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; } .wide { overflow-x: auto; }
.wide td { white-space: nowrap; }
img { max-width: 100%; } .side { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
.quiet { color: #555; } code { background: #f4f4f4; padding: 0 .2rem; overflow-wrap: anywhere; }
@media (max-width: 50rem) { .side { grid-template-columns: 1fr; } }
"""
MEDIA_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}


def whole_page(title: str, parts: Iterable[str]) -> str:
    """Return the page's text.

    Parameters
    ----------
    title
        Plain text: it is escaped here.
    parts
        HTML, in order.
    """
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of plain texts, which are escaped here."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def picture(address: str, name: str) -> str:
    """Return an image; its name is what a screen reader says."""
    return f'<img src="{address}" alt="{escape(name)}">'


def embedded(path: Path) -> str:
    """Return an SVG or PNG file as the address of an image that needs no other file."""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"data:{MEDIA_TYPES[path.suffix]};base64,{data}"


def all_commands(argvs: Iterable[Sequence[str]]) -> str:
    """Return every command that was started, folded away."""
    lines = "".join(f"<li><code>{escape(' '.join(argv))}</code></li>" for argv in argvs)
    return f"<details><summary>All commands</summary><ol>{lines}</ol></details>"
