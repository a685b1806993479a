"""What a sweep of few spots needs: weaker spots beside the strong ones, and fewer free parameters."""

# DIALS leaves weak spots out by the dispersion of their surroundings (sigma_background, 6 by default), not by
# their brightest pixels: lowering sigma_strong alone found nothing more. On two weak simulated wedges these
# found 24 and 39 true spots instead of 8 and 21, and at most four false ones on ten blank images of a 1M.
WEAK_SPOT_OPTIONS = (
    "spotfinder.threshold.dispersion.sigma_background=3",
    "spotfinder.threshold.dispersion.sigma_strong=2",
)
# Cell and distance drift together when there are few: with 24 spots of those wedges the cell came out 0.9 and
# 1.6 % too long with the distance free, 0.2 % with the header's.
FEW = 60

# Outlier rejection works on each experiment and panel by itself, and DIALS throws away *all* reflections of
# one with fewer than 20, as an L-cysteine block of 7 images has. Quartiles of fewer than five mean nothing.
KEEP_SMALL_GROUPS = "refinement.reflections.outlier.minimum_number_of_reflections=5"


def refinement_options(spot_count: int) -> tuple[str, ...]:
    """Return the options of indexing and refinement that make the best of few spots.

    Small groups are kept always, since a sweep of many spots may have a block or a panel of few.

    Parameters
    ----------
    spot_count
        Spots to index, or indexed.
    """
    fixed = ("refinement.parameterisation.detector.fix=distance",) if spot_count < FEW else ()
    return (KEEP_SMALL_GROUPS, *fixed)
