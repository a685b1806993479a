"""The rungs there are, with what is expected of each before a beamline has its own experience.

Successes and CPU times are those of 40 wedges of the simulated plate `hard`, a rung without success among its
seven tries counted as 0.05; those of the orientation, of 21 wedges of another seed. A beamline's own records
soon outweigh them: see docs/decisions/0008-ladder.md.
"""

from dataclasses import dataclass, replace

from beamloop.records.images import SweepImages
from beamloop.sweep.few_spots import WEAK_SPOT_OPTIONS

CHEAPEST = "fft1d"
WEAK_REASON = "A weak crystal has three times as many spots as the usual threshold finds."
# Enough images for the rocking curve of a spot to lie within what is left.
FEWEST_IMAGES_LEFT = 4
LEFT_OUT_FRACTION = 0.2


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to index."""

    method: str  # "fft1d, known cell": its name in the catalogue, so without the sample's own values
    reason: str  # "The cell is known: it picks the right lattice among few spots."
    algorithm: str  # "fft1d": DIALS's indexing.method
    with_cell: bool  # known cell and symmetry from the start; else a free search, then the known symmetry
    expected_success: float  # 0.6
    expected_cpu_s: float  # 1.9
    search_beam: bool = False
    by_orientation: bool = False  # Beamloop finds the known cell's orientation, DIALS begins with it
    spot_options: tuple[str, ...] = ()  # of dials.find_spots where spots are found anew
    index_options: tuple[str, ...] = ()


SIMPLE_RUNGS = (
    Rung(
        method="fft1d, known cell",
        reason="The cell is known: it picks the right lattice among few spots; fft1d is the cheapest search.",
        algorithm="fft1d",
        with_cell=True,
        expected_success=0.4,
        expected_cpu_s=2.2,
    ),
    Rung(
        method="fft1d, no symmetry",
        reason="A search without symmetry finds most lattices where no cell is known, or a wrong one.",
        algorithm="fft1d",
        with_cell=False,
        expected_success=0.4,
        expected_cpu_s=4.2,
    ),
    Rung(
        method="real_space_grid_search, known cell",
        reason="Looks for the known axes one by one: it needs the fewest spots.",
        algorithm="real_space_grid_search",
        with_cell=True,
        expected_success=0.12,
        expected_cpu_s=5.2,
    ),
    Rung(
        method="fft3d, known cell",
        reason="Finds some lattices that fft1d does not.",
        algorithm="fft3d",
        with_cell=True,
        expected_success=0.05,
        expected_cpu_s=6.0,
    ),
    Rung(
        method="fft3d, no symmetry",
        reason="Finds some lattices that fft1d does not.",
        algorithm="fft3d",
        with_cell=False,
        expected_success=0.05,
        expected_cpu_s=5.9,
    ),
)

# Where the cell is known, the methods that look for it among the fewest spots, on all the spots there are.
WEAK_RUNGS = (
    Rung(
        method="orientation, known cell, weak spots too",
        reason="Two spots give the known cell an orientation, the others prove it: it takes the fewest.",
        algorithm=CHEAPEST,  # DIALS does not search
        with_cell=True,
        expected_success=0.6,
        expected_cpu_s=2.5,  # 1.0 by the DIALS server, and the programs' starts
        by_orientation=True,
        spot_options=WEAK_SPOT_OPTIONS,
    ),
    Rung(
        method="real_space_grid_search, known cell, weak spots too",
        reason=WEAK_REASON,
        algorithm="real_space_grid_search",
        with_cell=True,
        expected_success=0.4,
        expected_cpu_s=7.5,
        spot_options=WEAK_SPOT_OPTIONS,
    ),
    Rung(
        method="low_res_spot_match, known cell, weak spots too",
        reason="Fits the known cell to the innermost spots: a handful suffices.",
        algorithm="low_res_spot_match",
        with_cell=True,
        expected_success=0.05,
        expected_cpu_s=8.7,
        spot_options=WEAK_SPOT_OPTIONS,
    ),
)


def last_resorts(first: Rung, images: SweepImages) -> list[Rung]:
    """Return variants of the first rung: another beam centre, other spots, fewer images.

    Parameters
    ----------
    first
        The rung that has failed.
    images
        The sweep. The first images are left out of a sweep without gaps and with enough of them.
    """
    variants = [
        replace(
            first,
            method=f"{first.method}, beam centre searched",
            reason="A beam centre that is off by a pixel or two shifts every index of a large cell.",
            expected_success=0.05,
            expected_cpu_s=first.expected_cpu_s + 2.1,
            search_beam=True,
        ),
        replace(
            first,
            method=f"{first.method}, weak spots too",
            reason=WEAK_REASON,
            # Without a cell it is the only rung on weak spots; not measured.
            expected_success=0.05 if first.with_cell else 0.15,
            expected_cpu_s=first.expected_cpu_s + 2.1,
            spot_options=WEAK_SPOT_OPTIONS,
        ),
        replace(
            first,
            method=f"{first.method}, strong spots to 4 A",
            reason="Ice and salt add spots; the strong ones of the inner part are the sample's.",
            expected_success=0.05,
            expected_cpu_s=first.expected_cpu_s + 2.1,
            spot_options=(
                "spotfinder.threshold.dispersion.sigma_strong=6",
                "spotfinder.filter.d_min=4",
            ),
        ),
    ]
    left_out = max(1, round(LEFT_OUT_FRACTION * len(images.numbers)))
    if images.missing or len(images.numbers) - left_out < FEWEST_IMAGES_LEFT:
        return variants
    trimmed = replace(
        first,
        method=f"{first.method}, first images left out",
        reason="The loop may shake, or the shutter open late, while the first images are taken.",
        expected_success=0.05,
        index_options=(f"indexing.image_range={images.first + left_out},{images.last}",),
    )
    return [*variants, trimmed]
