"""What C functions are known for: CPython's by their role, the C library's by handing EINTR on."""

from __future__ import annotations

import pytest

from eintr_trace.facts.c_functions import CFunctionRole, role_of
from eintr_trace.facts.libc_wrappers import hands_on


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
