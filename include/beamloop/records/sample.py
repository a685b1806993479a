"""What is known of a sample before its images are looked at."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UnitCell:
    """Lengths in angstrom, angles in degrees."""

    a_angstrom: float  # 98.3
    b_angstrom: float  # 98.3
    c_angstrom: float  # 136.6
    alpha_deg: float  # 90.0
    beta_deg: float  # 90.0
    gamma_deg: float  # 120.0

    def as_tuple(self) -> tuple[float, float, float, float, float, float]:
        """Return a, b, c (angstrom), alpha, beta, gamma (deg)."""
        return (
            self.a_angstrom,
            self.b_angstrom,
            self.c_angstrom,
            self.alpha_deg,
            self.beta_deg,
            self.gamma_deg,
        )

    def __str__(self) -> str:
        return ",".join(f"{value:g}" for value in self.as_tuple())


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample's prior knowledge; None where nothing is known."""

    space_group: str | None = None  # "H 3"
    unit_cell: UnitCell | None = None

    def __str__(self) -> str:
        parts = [self.space_group or "", f"cell {self.unit_cell}" if self.unit_cell else ""]
        return ", ".join(part for part in parts if part) or "nothing known"
