"""What can go wrong while reading an interpreter from outside."""

from __future__ import annotations

from eintr_trace.errors import EintrTraceError
from eintr_trace.model.python_state import Interpreter


class NotReadableInterpreterError(EintrTraceError):
    """The process has no Python state that can be read; the message says why.

    ``interpreter`` is the one that was recognised all the same.
    """

    def __init__(self, message: str, interpreter: Interpreter | None = None) -> None:
        super().__init__(message)
        self.interpreter = interpreter


class ReadError(Exception):
    """Something in the process could not be read, or is not what it should be there."""


class MemoryUnreadableError(ReadError):
    """No readable memory at ``address`` (unmapped, or the process is gone)."""

    def __init__(self, address: int, size_bytes: int) -> None:
        super().__init__(f"no {size_bytes} readable bytes at {address:#x}")
        self.address = address
        self.size_bytes = size_bytes


class ImplausibleValueError(ReadError):
    """Memory was readable, but holds what cannot be: a freed or changing object."""
