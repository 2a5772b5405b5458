"""Where the C code of an interrupted call will return to the evaluation loop that called it.

Found without unwinding, which would hold the thread too long: it is the innermost word of the
stack that points into the loop, right behind a call instruction. A word that an earlier call left
behind can look the same; what is seen there is compared with the unwound stack later on.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Container
from dataclasses import dataclass
from itertools import islice

from eintr_trace.facts.c_functions import DEALLOC_FUNCTIONS, EVALUATION_LOOP_FUNCTIONS
from eintr_trace.interpreter.reader import InterpreterReader
from eintr_trace.sources.live.stack_copies import COPIED_BYTES
from eintr_trace.sources.live.tracee_memory import TraceeMemory

_WORD_BYTES = 8
_LONGEST_CALL_BYTES = 7
_MOST_LOOKED_AT = 16  # words that point into the loop
# Intel SDM volume 2, CALL: E8 with a displacement of 32 bits; FF /2 with a register or memory,
# behind an SIB byte and a displacement of 8 or 32 bits as the ModR/M byte has it.
_CALL = re.compile(
    rb"\xe8.{4}|\xff(?:[\xd0-\xd7]|[\x10-\x13\x16\x17]|\x14.(?:.{4})?|\x15.{4}"
    rb"|[\x50-\x53\x55-\x57].|\x54..|[\x90-\x93\x95-\x97].{4}|\x94.{5})",
    re.DOTALL,
)
# What an object is given up by returns nothing: tp_dealloc, at 48 bytes of a type in every
# version (Include/cpython/object.h), also where a compiler has put _Py_Dealloc() in line.
_CALL_OF_DEALLOC = re.compile(rb"\xff(?:[\x50-\x53\x55-\x57]|\x54.)\x30", re.DOTALL)
_DIRECT_CALL_BYTES = 5
_DIRECT_CALL = re.compile(rb"\xe8(.{4})", re.DOTALL)
# A PLT entry: jmp *displacement(%rip), behind an endbr64 and a bnd prefix or not.
_PLT_JUMP = re.compile(rb"(?:\xf3\x0f\x1e\xfa)?\xf2?\xff\x25(.{4})", re.DOTALL)
_LONGEST_PLT_JUMP_BYTES = 11


@dataclass(frozen=True)
class ReturnPlace:
    """The instruction that a call returns to, and the stack pointer it has then."""

    address: int
    sp: int


def loop_parts(reader: InterpreterReader) -> tuple[range, ...]:
    """Where the code of the evaluation loop lies, as far as symbols tell."""
    names = (f"{name}{part}" for name in EVALUATION_LOOP_FUNCTIONS for part in ("", ".cold"))
    return tuple(part for name in names if (part := reader.function(name)) is not None)


def return_to_loop(reader: InterpreterReader, memory: TraceeMemory, sp: int) -> ReturnPlace | None:
    """The place; ``None``: the stack from ``sp`` on, as far as is looked, has none."""
    loops = loop_parts(reader)
    words = array("Q")
    copy = memory.read_some(sp, COPIED_BYTES)
    words.frombytes(copy[: len(copy) - len(copy) % _WORD_BYTES])
    inside = (
        ReturnPlace(word, sp + (number + 1) * _WORD_BYTES)
        for number, word in enumerate(words)
        if any(loop.start < word < loop.stop for loop in loops)
    )
    places = islice(inside, _MOST_LOOKED_AT)
    named = (reader.function(name) for name in DEALLOC_FUNCTIONS)
    deallocs = {function.start for function in named if function is not None}
    return next((at for at in places if _may_give_object(memory, at.address, deallocs)), None)


def is_end_of_call(code: bytes) -> bool:
    """Whether the last of these bytes may be those of a call instruction."""
    return any(_CALL.fullmatch(code, at) is not None for at in range(len(code)))


def may_call_dealloc(code: bytes) -> bool:
    """Whether the last of these bytes call what a type gives its objects up by."""
    return any(_CALL_OF_DEALLOC.fullmatch(code, at) is not None for at in range(len(code)))


def _may_give_object(memory: TraceeMemory, address: int, deallocs: Container[int]) -> bool:
    """Whether a call is before this address, and not of a function that starts at ``deallocs``."""
    code = memory.read_some(address - _LONGEST_CALL_BYTES, _LONGEST_CALL_BYTES)
    if not is_end_of_call(code) or may_call_dealloc(code):
        return False
    return _called(memory, code, address) not in deallocs


def _called(memory: TraceeMemory, code: bytes, address: int) -> int | None:
    """What a direct call ending at this address calls, past an entry of a PLT."""
    call = _DIRECT_CALL.fullmatch(code, len(code) - _DIRECT_CALL_BYTES)
    if call is None:
        return None
    called = address + _displacement(call)
    jump = _PLT_JUMP.match(memory.read_some(called, _LONGEST_PLT_JUMP_BYTES))
    if jump is None:
        return called
    slot = memory.read_some(called + jump.end() + _displacement(jump), _WORD_BYTES)
    return int.from_bytes(slot, "little")


def _displacement(found: re.Match[bytes]) -> int:
    return int.from_bytes(found[1], "little", signed=True)
