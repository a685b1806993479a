"""The same sweep twice in one folder: taken once, and said.

Some beamlines write two masters over the same data files; some people convert HDF5 to CBF beside it.
"""

from collections.abc import Collection, Sequence

from beamloop.records.collection import FoundSweep
from beamloop.records.images import MasterImages, Template


def leave_out_twins(
    sweeps: Sequence[FoundSweep], known: Collection[Template]
) -> tuple[list[FoundSweep], list[str]]:
    """Keep one of the sweeps that are the same.

    Parameters
    ----------
    sweeps
        All sweeps of a folder.
    known
        Those that the last look kept: they stay, whatever comes later.

    Returns
    -------
    tuple
        The sweeps that are kept, in their order, and a sentence for each that is not.
    """
    if not any(isinstance(sweep.images, MasterImages) for sweep in sweeps):
        return list(sweeps), []
    kept: list[FoundSweep] = []
    words = []
    for sweep in sorted(sweeps, key=lambda sweep: _rank(sweep, known)):
        said = next((said for other in kept if (said := _sameness(sweep, other))), None)
        if said is None:
            kept.append(sweep)
        else:
            words.append(f"{sweep.images.template} is left out: {said}. `patterns` chooses another.")
    return [sweep for sweep in sweeps if sweep in kept], words


def _rank(sweep: FoundSweep, known: Collection[Template]) -> tuple[bool, int]:
    """Order by preference: what is known already, NXmx, other masters, numbered files."""
    images = sweep.images
    kind = (0 if images.master.endswith(".nxs") else 1) if isinstance(images, MasterImages) else 2
    return images.template_parts not in known, kind


def _sameness(sweep: FoundSweep, kept: FoundSweep) -> str | None:
    """Say why a sweep is the same as one that is kept, or None."""
    one, other = sweep.images, kept.images
    masters = [images for images in (one, other) if isinstance(images, MasterImages)]
    if len(masters) == 2:
        if masters[0].master in masters[1].data_files:
            return f"{other.template} names it as one of its files"
        if set(masters[0].data_files) & set(masters[1].data_files):
            return f"{other.template} has the same data files"
    if masters and one.name == other.name:
        return f"{other.template} is the same sweep by its name"
    return None
