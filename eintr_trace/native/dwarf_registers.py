"""The registers of x86_64 by their DWARF numbers, as far as unwinding needs them.

System V ABI, AMD64 supplement 1.0, figure 3.36 ("DWARF Register Number Mapping") and, for who
preserves them, figure 3.4 ("Register Usage").
"""

from __future__ import annotations

from eintr_trace.model.c_stack import Registers

RSP = 7
RETURN_ADDRESS = 16

# By DWARF number, with the return address in the caller's place for rip.
_NUMBERS = {
    "rbx": 3,
    "rbp": 6,
    "rsp": RSP,
    "r12": 12,
    "r13": 13,
    "r14": 14,
    "r15": 15,
    "rip": RETURN_ADDRESS,
}
# A function hands these back as it got them; what its caller had in others is lost.
CALLEE_SAVED = (3, 6, 12, 13, 14, 15)


def by_number(registers: Registers) -> dict[int, int]:
    """The registers by their DWARF numbers."""
    return {number: getattr(registers, name) for name, number in _NUMBERS.items()}
