"""Addresses of CPython's static variables, read out of the exported functions that use them.

A stripped libpython still exports these functions, and their first instructions carry the
address of the variable. x86_64 only. Each row was compared with .symtab on an unstripped
build of the versions it names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

CODE_BYTES = 160
_DISPLACEMENT_BYTES = 4


@dataclass(frozen=True)
class Pattern:
    """Machine code that names a variable.

    ``code`` matches up to and with the 4 bytes of the address, which are its only group.
    ``after_bytes`` of the instruction follow them; ``relative``: the address counts from
    the next instruction. The address is that of the variable plus ``addend``.
    """

    code: re.Pattern[bytes]
    addend: int
    after_bytes: int = 0
    relative: bool = True


def _pattern(code: bytes, addend: int = 0, after: bytes = b"", relative: bool = True) -> Pattern:
    match = re.compile(re.escape(code) + b"(.{4})" + re.escape(after), re.DOTALL)
    return Pattern(match, addend, len(after), relative)


# PyInterpreterState_Head, Python/pystate.c: `return interp_head` (2.7.18, 3.6.15).
INTERP_HEAD = (_pattern(b"\x48\x8b\x05"),)  # mov rax, [rip + interp_head]

# PyErr_SetInterrupt (to 3.9) and PyErr_SetInterruptEx (3.10+), Modules/signalmodule.c. An
# entry of Handlers is 16 bytes, {tripped, func}; SIGINT is 2.
HANDLERS = (
    # mov dword [rip + Handlers[2].tripped], 1 (2.7.18, 3.6.15)
    _pattern(b"\xc7\x05", addend=32, after=b"\x01\x00\x00\x00"),
    _pattern(b"\x48\x8b\x05", addend=40),  # mov rax, [rip + Handlers[2].func] (3.7 to 3.9)
    _pattern(b"\x48\x8d\x05", addend=8),  # lea rax, [rip + Handlers[0].func] (3.10.13, 3.11.7)
    # mov rbp, [rax + Handlers[0].func], not position independent (Debian's 3.11.2)
    _pattern(b"\x48\x8b\xa8", addend=8, relative=False),
)

# PyOS_InterruptOccurred, Modules/signalmodule.c: the comparison of
# PyThread_get_thread_ident() with main_thread (2.7.18, 3.6.15).
MAIN_THREAD = (_pattern(b"\x48\x3b\x05"),)  # cmp rax, [rip + main_thread]

# Py_GetVersion, Python/getversion.c: the buffer and the literal PY_VERSION, among others.
VERSION = (
    Pattern(re.compile(rb"\x48\x8d[\x05\x0d\x15\x1d\x25\x2d\x35\x3d](.{4})", re.DOTALL), 0),
    Pattern(re.compile(rb"[\xb8-\xbf](.{4})", re.DOTALL), 0, relative=False),  # mov r32, imm32
)


def addresses(code: bytes, code_address: int, patterns: tuple[Pattern, ...]) -> Iterator[int]:
    """The addresses that ``code``, which lies at ``code_address``, may name, likeliest first."""
    for pattern in patterns:
        for match in pattern.code.finditer(code):
            value = int.from_bytes(match[1], "little", signed=pattern.relative)
            if pattern.relative:
                end = match.start(1) + _DISPLACEMENT_BYTES + pattern.after_bytes
                value += code_address + end
            yield value - pattern.addend
