"""What an address or a body may hold; anything else is refused before the catalogue is asked."""

from typing import Annotated

from fastapi import Path, Query
from pydantic import Field

from beamloop_ui.plain_words import PRINTABLE

LARGEST_NUMBER = 2**63 - 1  # of PostgreSQL's bigint, by which the catalogue numbers things

Number = Annotated[int, Path(ge=1, le=LARGEST_NUMBER)]  # in a path
SentNumber = Annotated[int, Field(ge=1, le=LARGEST_NUMBER)]  # in a body
QueryNumber = Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER)]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]  # rows before the first that is asked for
Words = Annotated[str | None, Query(min_length=1, max_length=200, pattern=PRINTABLE)]
Hours = Annotated[int, Query(ge=1, le=24 * 14)]
Beamline = Annotated[str | None, Query(max_length=80, pattern=PRINTABLE)]
