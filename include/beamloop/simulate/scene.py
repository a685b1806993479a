"""All that the images of one collection share, worked out once."""

from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

import numpy as np

from beamloop.records.sample import UnitCell
from beamloop.simulate.arrays import Ints
from beamloop.simulate.background import BackgroundSampler, background_sampler
from beamloop.simulate.crystal import (
    Crystal,
    doubled_cell,
    make_crystal,
    make_second_crystal,
    space_group_of,
)
from beamloop.simulate.drawing import draw_spots
from beamloop.simulate.geometry import (
    Geometry,
    header_beam_centre_px,
    highest_resolution_angstrom,
    true_geometry,
)
from beamloop.simulate.intensities import ReflectionList, draw_reflections, weaken_odd_l
from beamloop.simulate.mini_cbf import ImageHeader, encode_image
from beamloop.simulate.pilatus import COUNT_CUTOFF, image_size_px
from beamloop.simulate.plan import CollectionPlan, sweep_images
from beamloop.simulate.random_streams import Stream, stream
from beamloop.simulate.spots import Spots, join_spots, predict_spots
from beamloop.simulate.stray_spots import draw_stray_spots

# Reflections are listed a little beyond the detector's corner, because cells differ from crystal to crystal.
RESOLUTION_MARGIN = 0.93


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One detector and one sample."""

    plan: CollectionPlan
    geometry: Geometry  # the true one
    background: BackgroundSampler

    def spots(self, sweep_index: int) -> Spots | None:
        """Return a sweep's spots, None where there are none."""
        return _spots(self.plan, sweep_index)

    def counts(self, sweep_index: int, number: int) -> Ints:
        """Return one image, flat, row by row; `number` counts from 1."""
        plan = self.plan
        random = stream(plan.seed, Stream.NOISE, sweep_index, number)
        counts = self.background.draw(random)
        spots = self.spots(sweep_index)
        if spots is not None:
            first_deg = self._start_angle_deg(sweep_index, number)
            width = image_size_px(plan.detector.model)[0]
            pixels, means = draw_spots(
                spots, self.geometry, first_deg, first_deg + plan.oscillation_deg, width
            )
            counts[pixels] = np.minimum(counts[pixels] + random.poisson(means), COUNT_CUTOFF)
        return counts

    def image_bytes(self, sweep_index: int, number: int) -> bytes:
        """Return the file of one image; `number` counts from 1."""
        return encode_image(self._header(sweep_index, number), self.counts(sweep_index, number))

    def _start_angle_deg(self, sweep_index: int, number: int) -> float:
        return self.plan.sweeps[sweep_index].start_angle_deg + (number - 1) * self.plan.oscillation_deg

    def _header(self, sweep_index: int, number: int) -> ImageHeader:
        plan, sweep = self.plan, self.plan.sweeps[sweep_index]
        before = sum(earlier.images for earlier in plan.sweeps[:sweep_index]) + number - 1
        return ImageHeader(
            name=sweep_images(sweep).path(number).stem,
            model=plan.detector.model,
            size_px=image_size_px(plan.detector.model),
            taken_at=plan.started_at + timedelta(seconds=before * plan.exposure_s),
            exposure_s=plan.exposure_s,
            wavelength_angstrom=plan.beam.wavelength_angstrom,
            distance_mm=plan.detector.distance_mm,
            beam_centre_px=header_beam_centre_px(plan.detector),
            start_angle_deg=self._start_angle_deg(sweep_index, number),
            oscillation_deg=plan.oscillation_deg,
            polarization_fraction=plan.beam.polarization_fraction,
        )


@lru_cache(maxsize=1)
def scene_of(plan: CollectionPlan) -> Scene:
    """Return the scene of a plan, made once in each process."""
    geometry = true_geometry(plan.detector, plan.seed)
    sampler = background_sampler(
        plan.background, geometry, plan.beam.wavelength_angstrom, image_size_px(plan.detector.model)
    )
    return Scene(plan, geometry, sampler)


@lru_cache(maxsize=1)
def _spots(plan: CollectionPlan, sweep_index: int) -> Spots | None:
    drawn = (make_crystal(plan, sweep_index), make_second_crystal(plan, sweep_index))
    geometry = true_geometry(plan.detector, plan.seed)
    parts = [
        predict_spots(plan, crystal, reflections_of(plan, crystal), geometry, sweep_index)
        for crystal in drawn
        if crystal
    ]
    if plan.sweeps[sweep_index].stray_spots:
        parts.append(draw_stray_spots(plan, geometry, sweep_index))
    return join_spots(parts) if parts else None


def reflections_of(plan: CollectionPlan, crystal: Crystal) -> ReflectionList:
    """Return the reflections of one crystal, with their true intensities, to beyond the detector's corner."""
    sample, wavelength_angstrom = plan.crystal, plan.beam.wavelength_angstrom
    geometry = true_geometry(plan.detector, plan.seed)
    d_min = RESOLUTION_MARGIN * highest_resolution_angstrom(geometry, wavelength_angstrom)
    if not crystal.doubled:
        return _drawn(plan.seed, sample.space_group, sample.unit_cell, d_min)
    drawn = _drawn(plan.seed, sample.space_group, doubled_cell(sample, crystal.space_group), d_min)
    return weaken_odd_l(drawn, sample.superlattice_fraction)


@lru_cache(maxsize=2)
def _drawn(seed: int, space_group: str, cell: UnitCell, d_min_angstrom: float) -> ReflectionList:
    """Draw what all crystals of a sample share, once for its cell and once for the doubled one."""
    random = stream(seed, Stream.INTENSITIES)
    return draw_reflections(space_group_of(space_group, cell), cell, d_min_angstrom, random)
