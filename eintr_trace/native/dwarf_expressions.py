"""The DWARF expressions of unwind tables: a bounded stack machine.

DWARF 5, 2.5.1 (operations) and 7.7.1 (their encoding). Those that linkers, compilers and
hand-written assembly put into unwind tables: of PLT entries, of libc's return from a signal
handler, of functions that align their stack, of OpenSSL.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Protocol

from eintr_trace.native.dwarf_bytes import WORD_MASK, DwarfBytes
from eintr_trace.native.errors import UnwindTableError

_DEREF = 0x06
_PLUS_UCONST = 0x23
_LIT0, _LIT31 = 0x30, 0x4F
_BREG0, _BREG31 = 0x70, 0x8F
_MAX_DEPTH = 64
_MAX_CODE_BYTES = 256  # PLT entries have 11
_WORD_BITS = 64


def _signed(word: int) -> int:
    return word - (1 << _WORD_BITS) if word >> (_WORD_BITS - 1) else word


_BINARY: dict[int, Callable[[int, int], int]] = {
    0x1A: operator.and_,  # DW_OP_and
    0x1C: operator.sub,  # DW_OP_minus
    0x1E: operator.mul,  # DW_OP_mul
    0x22: operator.add,  # DW_OP_plus
    0x24: lambda value, bits: value << bits if bits < _WORD_BITS else 0,  # DW_OP_shl
    0x2A: lambda left, right: int(_signed(left) >= _signed(right)),  # DW_OP_ge
}


class Frame(Protocol):
    """What an expression may look at; its reads raise what they please."""

    def register(self, number: int) -> int:
        """A register of the function, by its DWARF number."""

    def word(self, address: int) -> int:
        """Eight bytes of memory."""


def evaluate(code: bytes, frame: Frame, *pushed: int) -> int:
    """The value of an expression; ``pushed`` is on the stack when it begins.

    Raises UnwindTableError for an expression that unwind tables do not have.
    """
    if len(code) > _MAX_CODE_BYTES:
        raise UnwindTableError("an expression longer than those of unwind tables")
    operands = DwarfBytes(code)
    stack = list(pushed)
    while operands.at < operands.end:
        operation = operands.u8()
        if len(stack) < _arity(operation):
            raise UnwindTableError("an expression that takes more than there is")
        stack.append(_result(operation, operands, frame, stack) & WORD_MASK)
        if len(stack) > _MAX_DEPTH:
            raise UnwindTableError("an expression that fills its stack")
    if not stack:
        raise UnwindTableError("an expression without a value")
    return stack[-1]


def _arity(operation: int) -> int:
    if operation in _BINARY:
        return 2
    return 1 if operation in (_DEREF, _PLUS_UCONST) else 0


def _result(operation: int, operands: DwarfBytes, frame: Frame, stack: list[int]) -> int:
    """What an operation pushes; what it takes is popped."""
    if _LIT0 <= operation <= _LIT31:
        return operation - _LIT0
    if _BREG0 <= operation <= _BREG31:
        return frame.register(operation - _BREG0) + operands.sleb128()
    if operation == _DEREF:
        return frame.word(stack.pop())
    if operation == _PLUS_UCONST:
        return stack.pop() + operands.uleb128()
    combine = _BINARY.get(operation)
    if combine is None:
        raise UnwindTableError(f"an expression with operation {operation:#x}")
    right, left = stack.pop(), stack.pop()
    return combine(left, right)
