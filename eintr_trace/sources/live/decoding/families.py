"""All families as one table of each kind."""

from __future__ import annotations

from typing import Final

from eintr_trace.sources.live.decoding.event_calls import EVENT_CALLS
from eintr_trace.sources.live.decoding.file_calls import FILE_CALLS
from eintr_trace.sources.live.decoding.process_calls import PROCESS_CALLS
from eintr_trace.sources.live.decoding.socket_calls import SOCKET_CALLS

FAMILIES: Final = (FILE_CALLS, EVENT_CALLS, SOCKET_CALLS, PROCESS_CALLS)

ENTERED: Final = {name: how for family in FAMILIES for name, how in family.entered.items()}
GIVEN: Final = {name: how for family in FAMILIES for name, how in family.given.items()}
FAILED: Final = {name: how for family in FAMILIES for name, how in family.failed.items()}
RESULTS: Final = {name: how for family in FAMILIES for name, how in family.results.items()}
POSITIONS: Final = {name: how for family in FAMILIES for name, how in family.positions.items()}
