"""What other sweeps of a collection found, where a sweep gets its second chance from them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Siblings:
    """How many agree, and where their refined detector is: medians.

    The beam centre is where the beam meets the panel, in mm from the panel's origin along its fast (x) and
    slow (y) axes.
    """

    count: int  # 9
    distance_mm: float  # 239.7
    beam_x_mm: float  # 84.6
    beam_y_mm: float  # 89.9
