from __future__ import annotations

import fcntl
import os
import select
import socket
import time
from collections.abc import Mapping
from types import ModuleType

import pytest

from eintr_trace.facts import call_constants
from eintr_trace.facts.call_constants import (
    CLOCKS,
    FCNTL_COMMANDS,
    FLOCK_OPERATIONS,
    LOCK_TYPES,
    MSG_FLAGS,
    OPEN_FLAGS,
    OPEN_MODES,
    POLL_EVENTS,
    SOCK_FLAGS,
    WAIT_ID_TYPES,
    WAIT_OPTIONS,
    WHENCES,
    constant_text,
    flags_text,
)

# Names that the C library gives another value on x86_64.
DIFFERENT_IN_LIBC = {"O_LARGEFILE"}  # 0: every file is large


@pytest.mark.parametrize(
    ("names", "module", "at_least"),
    [
        (MSG_FLAGS, socket, 10),
        (SOCK_FLAGS, socket, 2),
        (POLL_EVENTS, select, 10),
        (CLOCKS, time, 6),
        (WAIT_OPTIONS, os, 5),
        (WAIT_ID_TYPES, os, 3),
        (OPEN_MODES, os, 3),
        (OPEN_FLAGS, os, 12),
        (FLOCK_OPERATIONS, fcntl, 4),
        (FCNTL_COMMANDS, fcntl, 9),
        (LOCK_TYPES, fcntl, 3),
        (WHENCES, os, 3),
    ],
)
def test_values_are_those_of_the_c_library(
    names: Mapping[int, str], module: ModuleType, at_least: int
) -> None:
    known = {
        name: getattr(module, name)
        for name in names.values()
        if hasattr(module, name) and name not in DIFFERENT_IN_LIBC
    }
    assert len(known) >= at_least
    assert known == {name: value for value, name in names.items() if name in known}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0x2, "MSG_PEEK"),
        (0x102, "MSG_PEEK|MSG_WAITALL"),
        (0x80000000, "0x80000000"),
        (0x80000002, "MSG_PEEK|0x80000000"),
    ],
)
def test_flags(value: int, text: str) -> None:
    assert flags_text(value, MSG_FLAGS) == text


def test_a_flag_of_several_bits_takes_them_all() -> None:
    assert flags_text(os.O_SYNC, OPEN_FLAGS) == "O_SYNC"
    assert flags_text(os.O_DSYNC, OPEN_FLAGS) == "O_DSYNC"
    assert flags_text(os.O_TMPFILE, OPEN_FLAGS) == "O_TMPFILE"


def test_a_constant_without_a_name() -> None:
    assert constant_text(7, call_constants.FCNTL_COMMANDS) == "F_SETLKW"
    assert constant_text(99, call_constants.FCNTL_COMMANDS) == "0x63"
