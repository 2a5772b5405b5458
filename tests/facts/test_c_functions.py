"""What C functions are known for: CPython's by their role, the C library's by handing EINTR on."""

from __future__ import annotations

import pytest

from eintr_trace.facts.c_functions import CFunctionRole, role_of
from eintr_trace.facts.cpython_functions import (
    ERRNO_EXCEPTION_FUNCTIONS,
    EVALUATION_LOOP_FUNCTIONS,
    SIGNAL_CHECK_FUNCTIONS,
)
from eintr_trace.facts.libc_wrappers import hands_on


@pytest.mark.parametrize(
    ("functions", "role"),
    [
        (ERRNO_EXCEPTION_FUNCTIONS, CFunctionRole.ERRNO_EXCEPTION),
        (SIGNAL_CHECK_FUNCTIONS, CFunctionRole.SIGNAL_CHECK),
        (EVALUATION_LOOP_FUNCTIONS, CFunctionRole.EVALUATION_LOOP),
    ],
)
def test_what_is_looked_up_in_a_process_is_known_on_its_stacks(
    functions: tuple[str, ...], role: CFunctionRole
) -> None:
    assert {role_of(function) for function in functions} == {role}


@pytest.mark.parametrize(
    ("function", "role"),
    [
        ("handle_signals.part.0.isra.0", CFunctionRole.SIGNAL_CHECK),
        ("_PyEval_EvalFrameDefault.cold", CFunctionRole.EVALUATION_LOOP),
        ("_TAIL_CALL_CALL", CFunctionRole.EVALUATION_LOOP),
        ("cfunction_vectorcall_O", CFunctionRole.CALL_PROTOCOL),
        ("PyObject_Repr", CFunctionRole.INCIDENTAL),
        ("PyObject_ReprOfMine", None),
        ("sock_call_impl", None),
    ],
)
def test_the_role_of_a_function(function: str, role: CFunctionRole | None) -> None:
    assert role_of(function) is role


@pytest.mark.parametrize(
    ("function", "syscall", "expected"),
    [
        ("recv", "recvfrom", True),
        ("__libc_recv", "recvfrom", True),
        ("__GI___libc_read", "read", True),
        ("__GI___poll", "poll", True),
        ("__internal_syscall_cancel", "poll", True),
        ("getaddrinfo", "poll", False),
        ("sem_wait", "futex", False),
        ("read", "poll", False),
    ],
)
def test_a_wrapper_of_the_c_library_hands_on(function: str, syscall: str, expected: bool) -> None:
    assert hands_on(function, syscall) is expected
