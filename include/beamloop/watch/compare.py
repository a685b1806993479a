"""Compare a folder with what the last look saw of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from beamloop.beamlines.beamline_file import Beamline
from beamloop.records.collection import FoundSweep
from beamloop.records.images import Template
from beamloop.records.watched import SeenFolder, SeenSweep
from beamloop.watch.completion import (
    changes_since,
    is_complete,
    lateness,
    observe,
    shortage,
    waits_for_gap,
)
from beamloop.watch.find_sweeps import FolderContent

# The coarsest time stamps of file servers in use (ext3: 1 s, FAT: 2 s): within that, a folder may change
# and keep its mtime.
COARSEST_MTIME_S = 2.0

Said = tuple[
    str, str
]  # ("images_late", "x_###.cbf: images came late: 13. ..."): kind and sentence of an event


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one look at a folder found."""

    after: SeenFolder  # to be kept for the next look
    complete: tuple[FoundSweep, ...]  # now, and not before
    said: tuple[Said, ...]


def compare(
    before: SeenFolder | None, content: FolderContent, directory: Path, beamline: Beamline, now_s: float
) -> Comparison:
    """Find what is complete and what has changed.

    Parameters
    ----------
    before
        What the last look saw; None for a folder seen the first time.
    content
        What is there now.
    directory
        The folder.
    beamline
        Whose rules apply.
    now_s
        The catalogue's clock, seconds since 1970.
    """
    known = {_template(sweep): sweep for sweep in before.sweeps} if before else {}
    found = {_template(sweep): sweep for sweep in content.sweeps}
    said = _what_changed(known, found)
    said += [("twin", words) for words in content.twins if not (before and words in before.twins_said)]
    sweeps, complete = [], []
    for template, sweep in found.items():
        seen = observe(known.get(template), sweep, beamline, now_s)
        complete_now = is_complete(seen, beamline.quiet_s, now_s)
        if not seen.asked and complete_now and not waits_for_gap(seen, beamline, now_s):
            complete.append(sweep)
            said += shortage(seen)
            seen = replace(seen, asked=True)
        if late := lateness(seen, beamline, now_s):
            said += late
            seen = replace(seen, lateness_said=True)
        sweeps.append(seen)
    after = _after(before, content, directory, beamline, now_s)
    after = replace(after, sweeps=tuple(sweeps), settled=_is_settled(after, sweeps, beamline, now_s))
    if after.emptiness_said and not (before and before.emptiness_said):
        said.append(("no_first_image", f"{directory}: no image within {beamline.first_image_s:g} s."))
    return Comparison(after, tuple(complete), tuple(said))


def _template(sweep: FoundSweep | SeenSweep) -> Template:
    return sweep.images.template_parts


def _what_changed(known: Mapping[Template, SeenSweep], found: Mapping[Template, FoundSweep]) -> list[Said]:
    said = []
    for template, before in known.items():
        if template in found:
            said += changes_since(before, found[template])
        elif before.asked:
            said.append(("images_gone", f"{before.images.template}: all images are gone."))
    return said


def _after(
    before: SeenFolder | None, content: FolderContent, directory: Path, beamline: Beamline, now_s: float
) -> SeenFolder:
    """Return the folder as it is kept, still without its sweeps."""
    first_seen_s = min(before.first_seen_s, now_s) if before else now_s
    same = before is not None and before.mtime_ns == content.mtime_ns
    awaited = beamline.first_image_s is not None and not content.sweeps and not content.subfolders
    too_late = awaited and now_s - first_seen_s > (beamline.first_image_s or 0)
    return SeenFolder(
        directory=directory,
        mtime_ns=content.mtime_ns,
        patterns=tuple(beamline.patterns),
        read_s=now_s,
        settled=False,
        subfolders=content.subfolders,
        first_seen_s=first_seen_s,
        changed_seen_s=min(before.changed_seen_s, now_s) if before and same else now_s,
        twins_said=content.twins,
        emptiness_said=too_late or bool(before and before.emptiness_said),
        sweeps=(),
    )


def _is_settled(after: SeenFolder, sweeps: list[SeenSweep], beamline: Beamline, now_s: float) -> bool:
    """Tell whether only a new mtime can bring news."""
    if now_s - after.changed_seen_s < COARSEST_MTIME_S:
        return False
    if not sweeps and not after.subfolders and beamline.first_image_s is not None:
        return after.emptiness_said
    return all(sweep.asked for sweep in sweeps)
