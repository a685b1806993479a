"""What nobody needs any more."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something in the artifact store that a killed writer left and that no reader can see."""

    what: str  # "i24/plate3/xtal2_1/run-17/index/.beamloop-0f3c….part": where, for people
    size_bytes: int  # 48213
    since: datetime  # UTC
