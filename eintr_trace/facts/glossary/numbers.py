"""What a bare number may be: a restart code, an errno, a signal, the number of a system call."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from eintr_trace.facts.restart_codes import RestartCode
from eintr_trace.facts.signals import SIGRTMAX, signal_name
from eintr_trace.facts.syscalls import all_interruptible_calls

_NUMBER = re.compile(r"-?\d{1,5}")
# arch/x86/entry/syscalls/syscall_64.tbl: calls of the glossary that are not in the table.
_OTHER_CALLS: Final = {15: "rt_sigreturn", 219: "restart_syscall"}

_STATUS_OF_A_SIGNAL: Final = 128  # sh(1), EXIT STATUS; POSIX: greater than 128


@dataclass(frozen=True)
class Meaning:
    """One thing that a number may be: ``said`` in words; ``word`` is its name."""

    said: str
    word: str


def meanings_of_number(text: str) -> tuple[Meaning, ...]:
    """Give all that a number may mean; none if it is no number, or means nothing here.

    A negative one is what a register holds: an error or a restart code.
    """
    word = text.strip()
    if _NUMBER.fullmatch(word) is None:
        return ()
    number = int(word)
    return tuple(_meanings(number))


def _meanings(number: int) -> Iterator[Meaning]:
    magnitude = abs(number)
    codes = [code for code in RestartCode if code == magnitude and code is not RestartCode.EINTR]
    if codes:
        yield Meaning(f"the restart code {codes[0].name}", codes[0].name)
    name = errno.errorcode.get(magnitude)
    if name is not None:
        yield Meaning(f"the errno {name} ({os.strerror(magnitude)})", name)
    if number < 0:
        return
    if 1 <= number <= SIGRTMAX:
        yield Meaning(f"the signal {signal_name(number)}", signal_name(number))
    if _STATUS_OF_A_SIGNAL < number <= _STATUS_OF_A_SIGNAL + SIGRTMAX:
        name = signal_name(number - _STATUS_OF_A_SIGNAL)
        yield Meaning(f"the shell's status of a process that {name} ended (128 + its number)", name)
    calls = {call.nr: call.syscall for call in all_interruptible_calls()} | _OTHER_CALLS
    if number in calls:
        yield Meaning(f"the system call {calls[number]} (x86_64)", calls[number])
