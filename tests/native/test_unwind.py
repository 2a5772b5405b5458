"""Where a stack ends, and why: rules made for it, on copies of a few words."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import replace

from eintr_trace.model.c_stack import Registers, StackEnd
from eintr_trace.native.cfa_rules import (
    AtCfa,
    AtExpression,
    CfaPlus,
    InRegister,
    RegisterPlus,
    Rule,
    Undefined,
    ValueOfExpression,
)
from eintr_trace.native.dwarf_registers import RSP
from eintr_trace.native.errors import UnwindTableError
from eintr_trace.native.unwind import UnwoundStack, unwind

RBP, R10, R12, R13 = 6, 10, 12, 13
STACK, INNER, OUTER = 0x7000, 0x1000, 0x2000
REGISTERS = Registers(rbx=1, rbp=STACK + 16, rsp=STACK, r12=2, r13=3, r14=4, r15=5, rip=INNER)
CALLED = Rule(RegisterPlus(RSP, 8), AtCfa(-8), ())  # nothing but a return address on the stack
FIRST = Rule(RegisterPlus(RSP, 8), Undefined(), ())


class Tables:
    """A rule for each of some addresses; one is that of a damaged table."""

    DAMAGED = 0xBAD

    def __init__(self, rules: Mapping[int, Rule]) -> None:
        self._rules = rules

    def rule_at(self, address: int) -> Rule | StackEnd:
        if address == self.DAMAGED:
            raise UnwindTableError("damaged")
        return self._rules.get(address, StackEnd.NOT_MAPPED)


def unwound(inner: Rule, *words: int, outer: Rule = FIRST) -> UnwoundStack:
    """A function of one rule, and its caller of another."""
    tables = Tables({INNER: inner, OUTER - 1: outer})
    return unwind(REGISTERS, struct.pack(f"<{len(words)}Q", *words), tables)


def test_a_function_and_its_caller() -> None:
    stack = unwound(CALLED, OUTER)
    assert [frame.address for frame in stack.frames] == [INNER, OUTER]
    assert [frame.code_address for frame in stack.frames] == [INNER, OUTER - 1]
    assert [frame.cfa for frame in stack.frames] == [STACK + 8, STACK + 16]
    assert stack.end is StackEnd.OUTERMOST


def test_a_return_address_of_zero_is_where_a_thread_began() -> None:
    stack = unwound(CALLED, 0)
    assert (len(stack.frames), stack.end) == (1, StackEnd.OUTERMOST)


def test_the_copy_ends_before_the_return_address() -> None:
    for copy in ((), (OUTER,)):
        rule = Rule(RegisterPlus(RSP, 8 * len(copy) + 8), AtCfa(-8), ())
        stack = unwound(rule, *copy)
        assert (len(stack.frames), stack.end) == (1, StackEnd.COPY_ENDED)


def test_a_return_address_that_is_not_mapped() -> None:
    stack = unwound(CALLED, 0x3000)
    assert [frame.cfa for frame in stack.frames] == [STACK + 8, None]
    assert stack.end is StackEnd.NOT_MAPPED


def test_a_table_that_makes_no_sense() -> None:
    stack = unwound(CALLED, Tables.DAMAGED + 1)
    assert (len(stack.frames), stack.end) == (2, StackEnd.IMPLAUSIBLE)


def test_frames_that_do_not_go_outwards() -> None:
    for offset in (0, -8, 12):  # the last is no place for a return address
        stack = unwound(Rule(RegisterPlus(RSP, offset), AtCfa(-8), ()), OUTER, OUTER)
        assert (len(stack.frames), stack.end) == (1, StackEnd.IMPLAUSIBLE)


def test_frames_beyond_the_end_of_memory() -> None:
    beyond = replace(REGISTERS, rbp=(1 << 64) - 8)
    tables = Tables({INNER: Rule(RegisterPlus(RBP, 16), AtCfa(-8), ())})
    assert unwind(beyond, bytes(64), tables).end is StackEnd.IMPLAUSIBLE


def test_a_caller_that_would_call_itself_for_ever() -> None:
    words = [OUTER] * 200
    tables = Tables({INNER: CALLED, OUTER - 1: CALLED})
    stack = unwind(REGISTERS, struct.pack("<200Q", *words), tables, most_frames=100)
    assert (len(stack.frames), stack.end) == (100, StackEnd.TOO_DEEP)


def test_a_frame_found_by_a_register_that_nobody_has() -> None:
    stack = unwound(Rule(RegisterPlus(R10, 8), AtCfa(-8), ()), OUTER)
    assert (len(stack.frames), stack.end) == (1, StackEnd.REGISTER_UNKNOWN)


def test_a_register_that_was_popped_is_missed_only_if_it_is_needed() -> None:
    popped = Rule(RegisterPlus(RSP, 8), AtCfa(-8), ((RBP, AtCfa(-16)),))
    assert unwound(popped, OUTER).end is StackEnd.OUTERMOST
    by_rbp = Rule(RegisterPlus(RBP, 16), AtCfa(-8), ())
    assert unwound(popped, OUTER, 0, outer=by_rbp).end is StackEnd.REGISTER_UNKNOWN


def test_where_a_caller_finds_its_registers() -> None:
    """Its CFA is `r12` and 0: that of the function it called, saved in each of the ways."""
    cfa = STACK + 32
    ways = (
        (AtCfa(-16), cfa + 8),
        (CfaPlus(8), 0),
        (InRegister(RBP), 0),  # 16 from the stack pointer, with the rest of the rule's offset
        (AtExpression(b"\x77\x10"), cfa + 8),  # breg7 16
        (ValueOfExpression(b"\x23\x08"), 0),  # of the CFA, plus_uconst 8
    )
    for rule, saved in ways:
        offset = 24 if isinstance(rule, InRegister) else 0
        inner = Rule(RegisterPlus(RSP, 32), AtCfa(-8), ((R12, rule),))
        outer = Rule(RegisterPlus(R12, offset), AtCfa(-8), ())
        stack = unwound(inner, 0, 0, saved, OUTER, 0, outer=outer)
        assert [frame.cfa for frame in stack.frames] == [cfa, cfa + 8], rule
        assert stack.end is StackEnd.OUTERMOST


def test_what_a_signal_interrupted_is_at_its_own_instruction() -> None:
    restored = Rule(
        RegisterPlus(RSP, 16),
        AtCfa(-16),
        ((R13, Undefined()), (RSP, CfaPlus(0))),
        is_signal_frame=True,
    )
    tables = Tables({INNER: CALLED, OUTER - 1: restored, 0x3000: FIRST})
    stack = unwind(REGISTERS, struct.pack("<3Q", OUTER, 0x3000, 0), tables)
    assert [frame.is_return_address for frame in stack.frames] == [False, True, False]
    assert stack.end is StackEnd.OUTERMOST
