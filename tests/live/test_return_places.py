"""What tells a return address on a stack from other words: it is behind a call instruction."""

from __future__ import annotations

import pytest

from eintr_trace.sources.live.return_places import is_end_of_call, may_call_dealloc

# As GNU as 2.40 encodes them.
CALLS = {
    "call rel32": "e8 2c 01 00 00",
    "call *%rax": "ff d0",
    "call *%r10": "41 ff d2",
    "call *(%rbx)": "ff 13",
    "call *8(%rax)": "ff 50 08",
    "call *16(%rsp)": "ff 54 24 10",
    "call *(%rax,%rcx,8)": "ff 14 c8",
    "call *0x1234(%rip)": "ff 15 34 12 00 00",
    "call *0x1234(%rdx)": "ff 92 34 12 00 00",
    "call *0x1234(%rsp)": "ff 94 24 34 12 00 00",
    "call *0x1234(,%rax,8)": "ff 14 c5 34 12 00 00",
}
OTHERS = {
    "jmp *%rax": "ff e0",
    "jmp rel32": "e9 2c 01 00 00",
    "push %rax": "50",
    "incl (%rax)": "ff 00",
    "syscall": "0f 05",
    "ret": "c3",
}


@pytest.mark.parametrize("code", CALLS.values(), ids=CALLS)
def test_what_ends_in_a_call(code: str) -> None:
    assert is_end_of_call(bytes.fromhex("90" * 7 + code)[-7:])


@pytest.mark.parametrize("code", OTHERS.values(), ids=OTHERS)
def test_what_does_not(code: str) -> None:
    assert not is_end_of_call(bytes.fromhex("90" * 7 + code)[-7:])


@pytest.mark.parametrize("code", ["ff 50 30", "41 ff 57 30", "ff 53 30", "41 ff 54 24 30"])
def test_what_gives_an_object_up(code: str) -> None:
    """`call *48(%rax)` and its kin: 48 bytes into a type is tp_dealloc."""
    assert may_call_dealloc(bytes.fromhex("90" * 7 + code)[-7:])


@pytest.mark.parametrize("code", CALLS.values(), ids=CALLS)
def test_what_may_give_one_back(code: str) -> None:
    assert not may_call_dealloc(bytes.fromhex("90" * 7 + code)[-7:])
