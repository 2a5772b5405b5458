from __future__ import annotations

import pytest

from eintr_trace.facts.pep475 import (
    Behaviour,
    Version,
    all_pep475_rows,
    decide_pep475,
    pep475_rows,
)


def test_every_row_is_cited_and_named_once() -> None:
    rows = all_pep475_rows()
    assert len({row.id for row in rows}) == len(rows)
    for row in rows:
        assert row.citation, row.id
        assert row.eras, row.id
        assert bool(row.names) == bool(row.syscalls), row.id


def test_eras_are_in_order_and_say_what_they_raise() -> None:
    for row in all_pep475_rows():
        assert [era.since for era in row.eras] == sorted({era.since for era in row.eras}), row.id
        for era in row.eras:
            assert era.how, row.id
            assert (era.raises is not None) == (era.behaviour is Behaviour.RAISES), row.id


def test_what_retries_says_by_which_call() -> None:
    for row in all_pep475_rows():
        again = {era.behaviour for era in row.eras} & {Behaviour.RETRIES, Behaviour.LOOPS_IN_C}
        assert bool(again) == bool(row.resumes_with), row.id


# (version, system call, name called) -> behaviour
DECISIONS: list[tuple[Version, str, str | None, Behaviour]] = [
    ((2, 7, 18), "recvfrom", "recv", Behaviour.RAISES),
    ((2, 7), "recvfrom", "recv", Behaviour.RAISES),
    ((2, 7, 18), "recvfrom", None, Behaviour.RAISES),
    ((2, 7, 18), "poll", "recv", Behaviour.RAISES),
    ((2, 7, 18), "sendto", "sendall", Behaviour.RETRIES),
    ((2, 7, 18), "sendto", "send", Behaviour.RAISES),
    ((2, 7, 18), "sendto", None, Behaviour.NOT_KNOWN),
    ((3, 11, 7), "recvfrom", "recv", Behaviour.RETRIES),
    ((3, 4, 10), "recvfrom", "recv", Behaviour.RAISES),
    ((3, 5, 0), "recvfrom", "recv", Behaviour.RETRIES),
    ((2, 7, 18), "select", "sleep", Behaviour.RETURNS_EARLY),
    ((2, 7, 18), "pselect6", "sleep", Behaviour.RETURNS_EARLY),
    ((2, 7, 18), "select", "select", Behaviour.RAISES),
    ((2, 7, 18), "select", None, Behaviour.NOT_KNOWN),
    ((3, 11, 7), "clock_nanosleep", "sleep", Behaviour.RETRIES),
    ((2, 7, 18), "read", "os.read", Behaviour.RAISES),
    ((2, 7, 18), "read", "read", Behaviour.NOT_KNOWN),
    ((3, 11, 7), "read", "read", Behaviour.RETRIES),
    ((3, 11, 7), "read", "eventfd_read", Behaviour.RAISES),
    ((3, 9, 18), "read", "eventfd_read", Behaviour.NOT_KNOWN),
    ((3, 11, 7), "read", None, Behaviour.NOT_KNOWN),
    ((3, 11, 7), "fcntl", "os.lockf", Behaviour.RAISES),
    ((3, 11, 7), "fcntl", "fcntl.lockf", Behaviour.RETRIES),
    ((3, 11, 7), "fcntl", "lockf", Behaviour.NOT_KNOWN),
    ((2, 7, 18), "fcntl", "lockf", Behaviour.RAISES),
    # flock: retried since 3.6.8, but only since 3.7.2 in the next branch
    ((3, 6, 7), "flock", "flock", Behaviour.RAISES),
    ((3, 6, 8), "flock", "flock", Behaviour.RETRIES),
    ((3, 6), "flock", "flock", Behaviour.NOT_KNOWN),
    ((3, 7, 1), "flock", "flock", Behaviour.RAISES),
    ((3, 7, 2), "flock", "flock", Behaviour.RETRIES),
    ((3, 8), "flock", "flock", Behaviour.RETRIES),
    ((3, 13, 5), "ioctl", "ioctl", Behaviour.RAISES),
    ((3, 14, 0), "ioctl", "ioctl", Behaviour.RETRIES),
    ((2, 7, 18), "futex", "threading.Lock.acquire", Behaviour.LOOPS_IN_C),
    ((3, 11, 7), "futex", "acquire", Behaviour.RETRIES),
    # what was not looked at
    ((3, 1, 0), "recvfrom", "recv", Behaviour.NOT_KNOWN),
    ((2, 6, 9), "recvfrom", "recv", Behaviour.NOT_KNOWN),
    ((3, 16, 0), "pause", "pause", Behaviour.NOT_KNOWN),
    ((3, 16, 0), "recvfrom", "recv", Behaviour.RETRIES),
    # a C extension's function
    ((3, 11, 7), "recvfrom", "execute", Behaviour.NOT_KNOWN),
    ((3, 11, 7), "getpid", None, Behaviour.NOT_KNOWN),
]


@pytest.mark.parametrize(("version", "syscall", "called", "behaviour"), DECISIONS)
def test_decisions(
    version: Version, syscall: str, called: str | None, behaviour: Behaviour
) -> None:
    assert decide_pep475(version, syscall, called).behaviour is behaviour


def test_a_name_matches_only_at_a_dot() -> None:
    assert [row.id for row in pep475_rows("recvfrom", "recv")] == ["socket.recv"]
    assert pep475_rows("recvfrom", "ecv") == ()
    assert pep475_rows("recvfrom", "") == ()


def test_locks_of_2_7_go_on_either_way() -> None:
    # A thread's lock loops without running handlers, a process's lock runs them.
    decision = decide_pep475((2, 7, 18), "futex", "acquire")
    assert decision.behaviour is Behaviour.NOT_KNOWN
    assert decision.calls_again is True
    assert [row.id for row in decision.rows] == ["threading.Lock", "multiprocessing.SemLock"]


@pytest.mark.parametrize(
    ("version", "syscall", "called", "calls_again"),
    [
        ((3, 11, 7), "recvfrom", "recv", True),
        ((2, 7, 18), "recvfrom", "recv", False),
        ((2, 7, 18), "read", "read", None),
        ((2, 7, 18), "recvfrom", "execute", None),
    ],
)
def test_whether_the_call_is_made_again(
    version: Version, syscall: str, called: str, calls_again: bool | None
) -> None:
    assert decide_pep475(version, syscall, called).calls_again is calls_again


def test_retry_since() -> None:
    since = {row.id: row.retry_since for row in all_pep475_rows()}
    assert since["socket.recv"] == (3, 5)
    assert since["fcntl.flock"] == (3, 7, 2)
    assert since["socket.sendall"] == (2, 7)
    assert since["os.lockf"] is None
    assert since["signal.pause"] is None


def test_the_deciding_c_function() -> None:
    (row,) = pep475_rows("recvfrom", "recv")
    in_2_7, in_3_12 = row.c_function((2, 7, 18)), row.c_function((3, 12, 1))
    assert in_2_7 is not None
    assert (in_2_7.name, in_2_7.file, in_2_7.source) == (
        "sock_recv_guts",
        "Modules/socketmodule.c",
        "2.7.18",
    )
    assert in_3_12 is not None
    assert (in_3_12.name, in_3_12.source) == ("sock_recv_impl", "3.12.0a4")
    assert row.c_function((3, 1)) is None
