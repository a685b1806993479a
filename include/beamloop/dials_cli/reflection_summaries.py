"""Figures of a reflection table, calculated as DIALS's own logs do."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from beamloop.dials_cli.experiments import ExperimentsSummary
from beamloop.dials_cli.reflections import Flag, ReflectionTable, read_reflections


@dataclass(frozen=True, slots=True)
class SpotsSummary:
    """What a spot search or an indexing left."""

    spot_count: int  # 61
    spots_per_image: tuple[int, ...]  # (2, 4, ...), one number per image of the scan, in order
    first_image: int  # 1, the number of the image that `spots_per_image` begins with
    indexed_count: int  # 46; 0 before indexing


@dataclass(frozen=True, slots=True)
class RefinementSummary:
    """Unweighted root mean square of calculated less observed centroids, over the reflections used."""

    used_count: int  # 32
    rmsd_x_mm: float  # 0.0222, along the panel's fast axis
    rmsd_y_mm: float  # 0.0258, along its slow axis
    rmsd_phi_deg: float  # 0.0170
    rmsd_x_px: float  # 0.129
    rmsd_y_px: float  # 0.150
    rmsd_z_images: float  # 0.170


@dataclass(frozen=True, slots=True)
class IntegrationSummary:
    """What integration left."""

    summed_count: int  # 75, integrated by summation
    fitted_count: int  # 39, integrated by profile fitting
    i_over_sigma_summed: float | None  # 19.3, mean over the summed ones; None where there are none
    i_over_sigma_fitted: float | None  # 31.3
    d_min_angstrom: float | None  # 0.60, the highest resolution of an integrated reflection


def read_spots_summary(path: Path, experiments: ExperimentsSummary) -> SpotsSummary:
    """Count the spots of strong.refl or indexed.refl.

    Parameters
    ----------
    path
        The `.refl` file.
    experiments
        The experiments it belongs to, all rotation scans.

    Raises
    ------
    InvalidInputError
        When the file is no reflection table, or has no observed centroids.
    """
    table = read_reflections(path)
    scans = [experiment.scan for experiment in experiments.experiments if experiment.scan]
    first = min((scan.first_image for scan in scans), default=1)
    last = max((scan.last_image for scan in scans), default=0)
    # DIALS counts z in images from 0 at the start of image 1.
    images = np.floor(table["xyzobs.px.value"][:, 2]).astype(int) + 1
    counts, _ = np.histogram(images, bins=np.arange(first, last + 2))
    return SpotsSummary(
        spot_count=table.row_count,
        spots_per_image=tuple(int(count) for count in counts),
        first_image=first,
        indexed_count=int(table.has(Flag.INDEXED).sum()),
    )


def read_refinement_summary(path: Path, experiments: ExperimentsSummary) -> RefinementSummary | None:
    """Calculate the RMSDs of refined.refl (or indexed.refl) as dials.refine prints them.

    Parameters
    ----------
    path
        The `.refl` file.
    experiments
        The experiments it belongs to; pixel size and image width are those of the first.

    Returns
    -------
    RefinementSummary or None
        None where no reflection was used in refinement.

    Raises
    ------
    InvalidInputError
        When the file is no reflection table, or has no calculated centroids.

    Notes
    -----
    Source: dials/algorithms/refinement/target.py, `_rmsds_core`, and refiner.py for pixels and images.
    """
    table = read_reflections(path)
    used = table.has(Flag.USED_IN_REFINEMENT)
    if not used.any():
        return None
    residuals = (table["xyzcal.mm"] - table["xyzobs.mm.value"])[used]  # mm, mm, rad
    x_mm, y_mm, phi_rad = np.sqrt(np.mean(residuals**2, axis=0))
    first = experiments.experiments[0]
    fast_mm, slow_mm = first.detector.pixel_size_mm
    phi_deg = float(np.degrees(phi_rad))
    return RefinementSummary(
        used_count=int(used.sum()),
        rmsd_x_mm=float(x_mm),
        rmsd_y_mm=float(y_mm),
        rmsd_phi_deg=phi_deg,
        rmsd_x_px=float(x_mm) / fast_mm,
        rmsd_y_px=float(y_mm) / slow_mm,
        rmsd_z_images=phi_deg / first.scan.width_deg if first.scan else float("nan"),
    )


def read_integration_summary(path: Path) -> IntegrationSummary:
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
    return IntegrationSummary(
        summed_count=int(summed.sum()),
        fitted_count=int(fitted.sum()),
        i_over_sigma_summed=_mean_i_over_sigma(table, "sum", summed) if summed.any() else None,
        i_over_sigma_fitted=_mean_i_over_sigma(table, "prf", fitted) if fitted.any() else None,
        d_min_angstrom=float(table["d"][integrated].min()) if integrated.any() else None,
    )


def _mean_i_over_sigma(table: ReflectionTable, kind: str, chosen: np.ndarray) -> float:
    """Average over the chosen rows, bool of shape (n,), that have a variance."""
    chosen = chosen & (table[f"intensity.{kind}.variance"] > 0)
    intensities = table[f"intensity.{kind}.value"][chosen]
    return float(np.mean(intensities / np.sqrt(table[f"intensity.{kind}.variance"][chosen])))
