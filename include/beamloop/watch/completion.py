"""When a sweep is complete, and what has become of one that was."""

from dataclasses import replace

from beamloop.beamlines.beamline_file import Beamline
from beamloop.image_files.cbf import image_fault
from beamloop.image_files.full_cbf import frames_in_scan
from beamloop.image_files.master import read_master
from beamloop.records.collection import FoundSweep
from beamloop.records.images import MasterImages
from beamloop.records.watched import SeenSweep

NAMED_AT_MOST = 10


def observe(before: SeenSweep | None, found: FoundSweep, beamline: Beamline, now_s: float) -> SeenSweep:
    """Compare a sweep with what the last look saw of it.

    Images that come late or change open it again. Images that go do not: what was processed stands, and
    folders are cleared up image by image.

    Parameters
    ----------
    before
        What the last look saw; None for a sweep seen the first time.
    found
        What is on the disk now.
    beamline
        Whose rules apply.
    now_s
        The catalogue's clock, seconds since 1970.
    """
    images = found.images
    if before is None:
        return SeenSweep(images, found.content_sha256, now_s, now_s, _expected(found, beamline))
    # The catalogue's clock may be set back; nothing waits until it has caught up.
    first_seen_s, changed_seen_s = min(before.first_seen_s, now_s), min(before.changed_seen_s, now_s)
    before = replace(before, first_seen_s=first_seen_s, changed_seen_s=changed_seen_s)
    if before.content_sha256 == found.content_sha256:
        return before
    after = replace(before, images=images, content_sha256=found.content_sha256, changed_seen_s=now_s)
    if before.asked and not _only_gone(before, found):
        after = replace(after, first_seen_s=now_s, asked=False, lateness_said=False)
    if after.expected_count is None or found.expected_count:
        after = replace(after, expected_count=_expected(found, beamline))
    return after


def _expected(found: FoundSweep, beamline: Beamline) -> int | None:
    if beamline.images_per_sweep:
        return beamline.images_per_sweep
    if isinstance(found.images, MasterImages):
        return found.expected_count
    return frames_in_scan(found.images.path(found.images.first))


def _only_gone(before: SeenSweep, found: FoundSweep) -> bool:
    return set(found.images.numbers) < set(before.images.numbers)


def is_complete(sweep: SeenSweep, quiet_s: float, now_s: float) -> bool:
    """Tell whether every expected image is there and the last one whole, or nothing has changed for so long.

    A sweep in HDF5 is whole when each of its files is, and none is open for writing.

    Parameters
    ----------
    sweep
        As seen at `now_s`.
    quiet_s
        The beamline's quiet period, in seconds.
    now_s
        The catalogue's clock, seconds since 1970.
    """
    if now_s - sweep.changed_seen_s >= quiet_s:
        return True
    images = sweep.images
    if sweep.expected_count is None or len(images.numbers) < sweep.expected_count:
        return False
    if isinstance(images, MasterImages):
        return not read_master(images.directory, images.master).faults
    return image_fault(images.path(images.last), images.directory) is None


def waits_for_gap(sweep: SeenSweep, beamline: Beamline, now_s: float) -> bool:
    """Tell whether a missing image may still come, where the beamline waits for such.

    Parameters
    ----------
    sweep
        As seen at `now_s`.
    beamline
        Whose rules apply.
    now_s
        The catalogue's clock, seconds since 1970.
    """
    if beamline.gaps != "wait" or not sweep.images.missing:
        return False
    return now_s - sweep.changed_seen_s < beamline.gap_wait_s


def changes_since(before: SeenSweep, found: FoundSweep) -> list[tuple[str, str]]:
    """Say what has become of a sweep that was complete.

    Returns
    -------
    list of (str, str)
        Kind and sentence of an event each: images that are gone, came late, or are other ones now.
    """
    if not before.asked or before.content_sha256 == found.content_sha256:
        return []
    name = found.images.template
    was, now = set(before.images.numbers), set(found.images.numbers)
    said = []
    if gone := was - now:
        said.append(("images_gone", f"{name}: images are gone: {_named(gone)}."))
    if late := now - was:
        said.append(("images_late", f"{name}: images came late: {_named(late)}. It is processed again."))
    if was == now:
        said.append(("images_changed", f"{name}: images have changed. It is processed again."))
    return said


def lateness(sweep: SeenSweep, beamline: Beamline, now_s: float) -> list[tuple[str, str]]:
    """Say, once, that a sweep takes longer than the beamline's limit."""
    limit = beamline.last_image_s
    if limit is None or sweep.asked or sweep.lateness_said or now_s - sweep.first_seen_s <= limit:
        return []
    where = sweep.images.directory / sweep.images.template
    words = f"{where}: still not complete {limit:g} s after its first image; {_count(sweep)} are there."
    return [("last_image_late", words)]


def shortage(sweep: SeenSweep) -> list[tuple[str, str]]:
    """Say that a sweep has ended with fewer images than expected."""
    if sweep.expected_count is None or len(sweep.images.numbers) >= sweep.expected_count:
        return []
    return [("cut_short", f"{sweep.images.template}: cut short, {_count(sweep)} are there.")]


def _count(sweep: SeenSweep) -> str:
    count = len(sweep.images.numbers)
    return f"{count} of {sweep.expected_count} images" if sweep.expected_count else f"{count} images"


def _named(numbers: set[int]) -> str:
    named = ", ".join(map(str, sorted(numbers)[:NAMED_AT_MOST]))
    return f"{named}, ..." if len(numbers) > NAMED_AT_MOST else named
