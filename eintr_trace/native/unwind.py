"""From registers and a copy of the stack to the frames of the C functions on it.

Nothing is guessed: where a rule, a register or a byte is missing, the stack ends and says so.
DWARF 5, 6.4.4 ("Call Frame Calling Address"); System V ABI, AMD64 supplement 1.0, 3.7.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Protocol

from eintr_trace.model.c_stack import Registers, StackEnd
from eintr_trace.native.cfa_rules import (
    AtCfa,
    AtExpression,
    CfaPlus,
    InRegister,
    RegisterPlus,
    RegisterRule,
    Rule,
    Undefined,
    ValueOfExpression,
)
from eintr_trace.native.dwarf_bytes import WORD_MASK
from eintr_trace.native.dwarf_expressions import evaluate
from eintr_trace.native.dwarf_registers import CALLEE_SAVED, RETURN_ADDRESS, RSP, by_number
from eintr_trace.native.errors import UnwindTableError

# A copy of 8 KB rarely has more. Files that are made to take long take 70 ms a frame.
MOST_FRAMES = 64
_WORD = struct.Struct("<Q")


class UnwindTables(Protocol):
    """The unwind tables of everything a process has mapped."""

    def rule_at(self, address: int) -> Rule | StackEnd:
        """The rule for the instruction that has its byte at ``address``, or why there is none.

        Raises UnwindTableError where the table makes no sense.
        """


@dataclass(frozen=True, slots=True)
class UnwoundFrame:
    """A frame without names.

    ``is_return_address``: the frame's function called another; else (the innermost, and what a
    signal interrupted) it is at the instruction itself. ``cfa`` is None where it is not known,
    which ends the stack.
    """

    address: int
    cfa: int | None
    is_return_address: bool

    @property
    def code_address(self) -> int:
        """An address in the instruction that the frame is at.

        A return address may be that of the next function already, after a call that does not
        return.
        """
        return self.address - self.is_return_address


@dataclass(frozen=True, slots=True)
class UnwoundStack:
    """The frames, innermost first, and why there are no more."""

    frames: tuple[UnwoundFrame, ...]
    end: StackEnd


def unwind(
    registers: Registers, copy: bytes, tables: UnwindTables, *, most_frames: int = MOST_FRAMES
) -> UnwoundStack:
    """The frames of a thread that had these registers; ``copy`` is its stack from rsp on.

    4 KB reach the evaluation loop of any CPython from all calls but ``select.select``, whose
    function alone has 49 KB; a frame of a signal handler takes another 3 KB. Warm, a frame
    takes some 4 µs and what ``tables`` take.
    """
    function = _Function(by_number(registers), _StackCopy(registers.rsp, copy), registers.rsp)
    functions: list[_Function] = []
    end = StackEnd.TOO_DEEP
    try:
        while len(functions) < most_frames:
            functions.append(function)
            function = function.caller(tables)
    except _StackEndsError as ended:
        end = ended.end
    except UnwindTableError:
        end = StackEnd.IMPLAUSIBLE
    return UnwoundStack(tuple(function.frame() for function in functions), end)


class _StackEndsError(Exception):
    """The stack goes no further, or what was looked for is not known."""

    def __init__(self, end: StackEnd) -> None:
        super().__init__(end)
        self.end = end


class _StackCopy:
    """The bytes of a stack, by their addresses."""

    def __init__(self, start: int, data: bytes) -> None:
        self._start = start
        self._data = data
        self._last_word = len(data) - _WORD.size

    def word(self, address: int) -> int:
        offset = address - self._start
        if not 0 <= offset <= self._last_word:
            raise _StackEndsError(StackEnd.COPY_ENDED)
        value: int = _WORD.unpack_from(self._data, offset)[0]
        return value


class _Function:
    """A function on the stack: its registers, as far as they are known, and its CFA when it is.

    The registers are by DWARF number; that of the return address is the place it is at itself.
    ``top`` is its stack pointer, which the function that it called has as its CFA.
    """

    def __init__(
        self,
        registers: dict[int, int],
        stack: _StackCopy,
        top: int,
        *,
        is_return_address: bool = False,
    ) -> None:
        self._registers = registers
        self._stack = stack
        self._top = top
        self._is_return_address = is_return_address
        self._cfa: int | None = None
        self.word = stack.word

    def frame(self) -> UnwoundFrame:
        return UnwoundFrame(self._registers[RETURN_ADDRESS], self._cfa, self._is_return_address)

    def register(self, number: int) -> int:
        value = self._registers.get(number)
        if value is None:
            raise _StackEndsError(StackEnd.REGISTER_UNKNOWN)
        return value

    def caller(self, tables: UnwindTables) -> _Function:
        """The function that called this one; raises _StackEndsError where the stack ends."""
        rule = tables.rule_at(self._registers[RETURN_ADDRESS] - self._is_return_address)
        if isinstance(rule, StackEnd):
            raise _StackEndsError(rule)
        cfa = self._cfa = self._checked_cfa(rule)
        address = self._value(rule.return_address, cfa)
        if address == 0:  # nothing to return to: what a thread's first function may find there
            raise _StackEndsError(StackEnd.OUTERMOST)
        registers = self._registers_of_caller(rule, cfa)
        registers[RETURN_ADDRESS] = address
        return _Function(registers, self._stack, cfa, is_return_address=not rule.is_signal_frame)

    def _checked_cfa(self, rule: Rule) -> int:
        if isinstance(rule.cfa, RegisterPlus):
            cfa = self.register(rule.cfa.register) + rule.cfa.offset
        else:
            cfa = evaluate(rule.cfa.code, self)
        # A return address lies between the stack pointer and the CFA. A signal frame has none,
        # and its handler may have had a stack of its own (sigaltstack(2)).
        outwards = self._top < cfa <= WORD_MASK or rule.is_signal_frame
        if cfa % _WORD.size or not outwards:
            raise _StackEndsError(StackEnd.IMPLAUSIBLE)
        return cfa

    def _registers_of_caller(self, rule: Rule, cfa: int) -> dict[int, int]:
        own = self._registers
        callers = {number: own[number] for number in CALLEE_SAVED if number in own}
        callers[RSP] = cfa
        for number, register_rule in rule.saved:
            try:
                callers[number] = self._value(register_rule, cfa)
            except _StackEndsError:
                # Popped already (its place is below the stack pointer), or lost: it is missed
                # only if an outer function needs it.
                callers.pop(number, None)
        return callers

    def _value(self, rule: RegisterRule, cfa: int) -> int:
        match rule:
            case AtCfa(offset):
                return self.word(cfa + offset)
            case InRegister(register):
                return self.register(register)
            case CfaPlus(offset):
                return (cfa + offset) & WORD_MASK
            case AtExpression(code):
                return self.word(evaluate(code, self, cfa))
            case ValueOfExpression(code):
                return evaluate(code, self, cfa)
            case Undefined():
                raise _StackEndsError(StackEnd.OUTERMOST)
