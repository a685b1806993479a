"""How a run ended: a fixed vocabulary of reason codes with plain words."""

from dataclasses import dataclass
from enum import StrEnum


class OutcomeCode(StrEnum):
    """The reason codes; the catalogue's constraint holds the same list."""

    PROCESSED = "processed"
    NO_SPOTS = "no_spots"
    TOO_FEW_SPOTS = "too_few_spots"
    NO_LATTICE = "no_lattice"
    WRONG_SYMMETRY = "wrong_symmetry"
    REFINEMENT_FAILED = "refinement_failed"
    TOO_FEW_REFLECTIONS = "too_few_reflections"
    INTEGRATION_FAILED = "integration_failed"
    UNREADABLE_IMAGES = "unreadable_images"
    MISSING_IMAGES = "missing_images"
    GEOMETRY_MISMATCH = "geometry_mismatch"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    PROGRAM_CRASHED = "program_crashed"
    ARTIFACT_DAMAGED = "artifact_damaged"
    INTERRUPTED = "interrupted"
    CANCELLED = "cancelled"


# The platform or a program failed, not the data.
NEED_A_PERSON = (OutcomeCode.PROGRAM_CRASHED, OutcomeCode.ARTIFACT_DAMAGED, OutcomeCode.INTERRUPTED)

TRY_NEXT = {
    OutcomeCode.PROCESSED: "",
    OutcomeCode.NO_SPOTS: "Look at an image: is there a crystal in the beam? If spots are visible, lower "
    "the threshold (--set find_spots.spotfinder.threshold.dispersion.sigma_strong=2).",
    OutcomeCode.TOO_FEW_SPOTS: "Take smaller spots too (--set find_spots.spotfinder.filter.min_spot_size=2) "
    "or weaker ones (--set find_spots.spotfinder.threshold.dispersion.sigma_strong=2), or expose longer.",
    OutcomeCode.NO_LATTICE: "Check beam centre and distance in the header; give cell and space group if "
    "they are known (`beamloop sample set`, then `beamloop reprocess`): fewer spots then suffice.",
    OutcomeCode.WRONG_SYMMETRY: "Process again with another space group, or without one: "
    "`beamloop reprocess` with --space-group none.",
    OutcomeCode.REFINEMENT_FAILED: "Look at the residuals in the refinement log; a wrong beam centre or "
    "distance, or a second lattice, is the usual cause.",
    OutcomeCode.TOO_FEW_REFLECTIONS: "Join the sweep with others of the same crystal, or collect more.",
    OutcomeCode.INTEGRATION_FAILED: "Look at the integration log; --profile cells integrates by summation "
    "and needs fewer strong spots.",
    OutcomeCode.UNREADABLE_IMAGES: "Copy the named images again from the detector's computer, then process "
    "the folder again.",
    OutcomeCode.MISSING_IMAGES: "Find the named images and put them beside the others, then process the "
    "folder again.",
    OutcomeCode.GEOMETRY_MISMATCH: "See `beamloop geometry list`: promote a geometry of the detector that "
    "took these images, or withdraw the one in force.",
    OutcomeCode.TIMED_OUT: "See the log for what took the time; raise limits.program_time_s in the "
    "beamline's file if there is just much to do, then process again.",
    OutcomeCode.OUT_OF_MEMORY: "Raise limits.program_memory_gb in the beamline's file and process again; "
    "where dials.index needs it, --set index.indexing.method=fft1d takes a third of the memory.",
    OutcomeCode.PROGRAM_CRASHED: "Read the log; run the command of this step again in its folder; report it "
    "to DIALS with both. --again processes the sweep once more.",
    OutcomeCode.ARTIFACT_DAMAGED: "Check the store's disks, delete the named object from it, then process "
    "the sweep again with --again.",
    OutcomeCode.INTERRUPTED: "Nothing is wrong with the data: check database, store and disk with "
    "`beamloop status`, then clear the failed task in Airflow, or process again.",
    OutcomeCode.CANCELLED: "`beamloop reprocess` processes it again when you want the result.",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one run."""

    code: OutcomeCode  # OutcomeCode.NO_LATTICE
    sentence: str  # "No lattice fits the 214 spots found on 12 images."
    step: str  # "index"

    @property
    def try_next(self) -> str:
        """What a person may do about it, empty where nothing is needed."""
        return TRY_NEXT[self.code]
