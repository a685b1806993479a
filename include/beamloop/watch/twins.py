"""The same sweep twice in one folder: taken once, and said.

Some beamlines write two masters over the same data files; some people convert HDF5 to CBF beside it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from beamloop.records.collection import FoundSweep
from beamloop.records.images import MasterImages, SweepImages, Template

REMEDY = "`patterns` or --pattern chooses another."


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
    kept: set[Template] = set()
    words = []
    taken = _Taken()
    for images in sorted((sweep.images for sweep in sweeps), key=lambda images: _rank(images, known)):
        said = taken.sameness(images)
        if said is None:
            taken.add(images)
            kept.add(images.template_parts)
        else:
            words.append(f"{images.template} is left out: {said}. {REMEDY}")
    return [sweep for sweep in sweeps if sweep.images.template_parts in kept], words


def _rank(images: SweepImages, known: Collection[Template]) -> tuple[bool, int]:
    """Order by preference: what is known already, NXmx, other masters, numbered files."""
    kind = (0 if images.master.endswith(".nxs") else 1) if isinstance(images, MasterImages) else 2
    return images.template_parts not in known, kind


@dataclass(slots=True)
class _Taken:
    """What the sweeps that are kept have taken, each with the template of its taker."""

    files: dict[str, str] = field(default_factory=dict)
    master_names: dict[str, str] = field(default_factory=dict)  # of sweeps, not of files
    numbered_names: dict[str, str] = field(default_factory=dict)

    def add(self, images: SweepImages) -> None:
        """Keep a sweep."""
        self.files |= dict.fromkeys(images.data_files, images.template)
        master = isinstance(images, MasterImages)
        (self.master_names if master else self.numbered_names)[images.name] = images.template

    def sameness(self, images: SweepImages) -> str | None:
        """Say why a sweep is the same as one that is kept, or None."""
        same_name = self.master_names.get(images.name)
        if isinstance(images, MasterImages):
            if images.master in self.files:
                return f"{self.files[images.master]} names it as one of its files"
            if shared := next((name for name in images.data_files if name in self.files), None):
                return f"{self.files[shared]} has the same data files"
            same_name = same_name or self.numbered_names.get(images.name)
        return f"{same_name} is the same sweep by its name" if same_name else None
