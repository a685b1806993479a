"""Figures of a reflection table, calculated as DIALS's own logs do."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from beamloop.dials_cli.experiments import ExperimentSummary
from beamloop.dials_cli.reflection_table import Flag, ReflectionTable, read_reflections


@dataclass(frozen=True, slots=True)
class IndexingSummary:
    """One experiment's indexed reflections, and how well its models predict those used in refinement.

    RMSD: unweighted root mean square of calculated less observed centroids; x and y along the panel's fast
    and slow axes. None where no reflection was used, or nothing is calculated.
    """

    indexed_count: int  # 46
    used_count: int  # 32, used in refinement
    rmsd_x_mm: float | None  # 0.0222
    rmsd_y_mm: float | None  # 0.0258
    rmsd_phi_deg: float | None  # 0.0170
    rmsd_x_px: float | None  # 0.129
    rmsd_y_px: float | None  # 0.150
    rmsd_z_images: float | None  # 0.170


@dataclass(frozen=True, slots=True)
class IntegrationSummary:
    """What integration left."""

    summed_count: int  # 75, integrated by summation
    profile_fitted_count: int  # 39
    mean_i_over_sigma: float | None  # 31.3, over the profile-fitted ones, or the summed where none is
    d_min_angstrom: float | None  # 0.62, the highest resolution of an integrated reflection


def summarise_spots(path: Path, first_image: int, last_image: int) -> tuple[int, ...]:
    """Count the spots of each image of strong.refl, by the images that their centroids lie on.

    Parameters
    ----------
    path
        The `.refl` file.
    first_image, last_image
        Numbers of the images to report, in order.

    Raises
    ------
    InvalidInputError
        When the file is no reflection table, or has no observed centroids.
    """
    # DIALS counts z in images from 0 at the start of image 1.
    images = np.floor(read_reflections(path)["xyzobs.px.value"][:, 2]) + 1
    counts, _ = np.histogram(images, bins=np.arange(first_image, last_image + 2) - 0.5)
    return tuple(int(count) for count in counts)


def summarise_indexing(path: Path, experiments: Sequence[ExperimentSummary]) -> tuple[IndexingSummary, ...]:
    """Calculate the RMSDs of indexed.refl or refined.refl as the programs print them.

    Parameters
    ----------
    path
        The `.refl` file.
    experiments
        The experiments it belongs to, in the file's order.

    Returns
    -------
    tuple
        One summary for each experiment.

    Raises
    ------
    InvalidInputError
        When the file is no reflection table, or has no observed centroids.

    Notes
    -----
    Source: dials/algorithms/refinement/target.py, `_rmsds_core`, and refiner.py for pixels and images.
    """
    table = read_reflections(path)
    return tuple(
        _summarise_experiment(table, table["id"] == number, experiment)
        for number, experiment in enumerate(experiments)
    )


def _summarise_experiment(
    table: ReflectionTable, own: NDArray[np.bool_], experiment: ExperimentSummary
) -> IndexingSummary:
    indexed_count = int((own & _indexed(table)).sum())
    used = own & table.has(Flag.USED_IN_REFINEMENT)
    if not used.any() or "xyzcal.mm" not in table.columns:
        return IndexingSummary(indexed_count, 0, None, None, None, None, None, None)
    residuals = (table["xyzcal.mm"] - table["xyzobs.mm.value"])[used]  # mm, mm, rad
    x_mm, y_mm, phi_rad = (float(value) for value in np.sqrt(np.mean(residuals**2, axis=0)))
    phi_deg = float(np.degrees(phi_rad))
    fast_mm, slow_mm = experiment.detector.pixel_size_mm
    return IndexingSummary(
        indexed_count=indexed_count,
        used_count=int(used.sum()),
        rmsd_x_mm=x_mm,
        rmsd_y_mm=y_mm,
        rmsd_phi_deg=phi_deg,
        rmsd_x_px=x_mm / fast_mm,
        rmsd_y_px=y_mm / slow_mm,
        rmsd_z_images=phi_deg / experiment.scan.width_deg if experiment.scan else None,
    )


def _indexed(table: ReflectionTable) -> NDArray[np.bool_]:
    """Tell which rows have an index, shape (n,)."""
    flagged = table.has(Flag.INDEXED)
    if flagged.any() or "miller_index" not in table.columns:
        return flagged
    # Early versions of DIALS set no flag; what has no index bears 0 0 0.
    return np.asarray((table["miller_index"] != 0).any(axis=1))


def summarise_integration(path: Path) -> IntegrationSummary:
    """Count the reflections of integrated.refl and average their I/sigma(I), as dials.integrate does.

    Parameters
    ----------
    path
        The `.refl` file.

    Raises
    ------
    InvalidInputError
        When the file is no reflection table, or has no intensities.
    """
    table = read_reflections(path)
    summed = table.has(Flag.INTEGRATED_SUM)
    fitted = table.has(Flag.INTEGRATED_PRF)
    integrated = summed | fitted
    kind, chosen = ("prf", fitted) if fitted.any() else ("sum", summed)
    return IntegrationSummary(
        summed_count=int(summed.sum()),
        profile_fitted_count=int(fitted.sum()),
        mean_i_over_sigma=_mean_i_over_sigma(table, kind, chosen),
        d_min_angstrom=_d_min_angstrom(table, integrated),
    )


def _d_min_angstrom(table: ReflectionTable, integrated: NDArray[np.bool_]) -> float | None:
    """Return the highest resolution of the chosen rows, shape (n,); None where the table has none."""
    if not integrated.any() or "d" not in table.columns:
        return None
    return float(table["d"][integrated].min())


def _mean_i_over_sigma(table: ReflectionTable, kind: str, chosen: NDArray[np.bool_]) -> float | None:
    """Average over the chosen rows, shape (n,), that have a variance; None where there is none."""
    if not chosen.any():
        return None
    variances = table[f"intensity.{kind}.variance"]
    chosen = chosen & (variances > 0)
    if not chosen.any():
        return None
    return float(np.mean(table[f"intensity.{kind}.value"][chosen] / np.sqrt(variances[chosen])))
