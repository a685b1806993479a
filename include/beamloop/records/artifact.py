"""What the store says of one object."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One write-once object."""

    key: str  # "i24/plate3/xtal2_1/run-17/index/indexed.expt"
    sha256: str  # 64 hexadecimal digits
    size_bytes: int  # 48213
    modified_at: datetime | None = None  # UTC, where the store says
