"""What a way to index has done on a beamline lately."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RungRecord:
    """One method's tries over the last sweeps of a beamline."""

    method: str  # "fft1d, no symmetry"
    tries: int  # 14
    successes: int  # 9
    cpu_s: float  # 61.2, all tries together
