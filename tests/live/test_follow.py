"""When a thread may sleep again, from plain values."""

from __future__ import annotations

from eintr_trace.model.events import Syscall
from eintr_trace.model.python_state import (
    CodeLocation,
    ExceptionOrigin,
    HandlerKind,
    PythonException,
    PythonFrame,
    PythonHandler,
    PythonSnapshot,
)
from eintr_trace.sources.live.follow import Follow, FollowStack, Step

RECV = Syscall("recvfrom", 45, (3, 0, 10), "recvfrom(3)")
WRITE = Syscall("write", 1, (1, 0, 10), "write(1)")
FUTEX = Syscall("futex", 202, (7, 0, 0), "futex(7)")
RESTART = Syscall("restart_syscall", 219, (), "restart_syscall()")
HANDLER_CODE = 77


def frame(code: int) -> PythonFrame:
    return PythonFrame(CodeLocation("f", "f.py", 1), code * 10, code, 0)


def snapshot(*codes: int, exception: int | None = None) -> PythonSnapshot:
    exceptions: tuple[PythonException, ...] = ()
    if exception is not None:
        exceptions = (
            PythonException("socket.error", 4, "EINTR", ExceptionOrigin.HANDLED, exception),
        )
    handler = PythonHandler(10, HandlerKind.FUNCTION, None, HANDLER_CODE, tripped=True)
    return PythonSnapshot(tuple(frame(code) for code in codes), exceptions, handler)


def follow(call: Syscall = RECV, *codes: int) -> Follow:
    return Follow(call, snapshot(*(codes or (1, 2))), handler_codes={HANDLER_CODE}, deliveries=1)


def test_the_same_call_again_is_followed_to_its_end() -> None:
    assert follow().entered(RECV, snapshot(1, 2)) is Step.AWAIT_RESULT
    assert follow().entered(RESTART, None) is Step.AWAIT_RESULT


def test_the_same_call_on_another_descriptor_is_another_call() -> None:
    other = Syscall("recvfrom", 45, (4, 0, 10), "recvfrom(4)")
    assert follow().entered(other, snapshot(1, 2)) is Step.DONE


def test_calls_of_the_handlers_and_of_the_interpreter_itself_tell_nothing() -> None:
    one = follow()
    one.handlers_pending.append(True)
    assert one.entered(WRITE, None) is Step.GO_ON
    one.handlers_pending.pop()
    assert one.entered(FUTEX, None) is Step.GO_ON
    assert one.entered(WRITE, snapshot(HANDLER_CODE, 1, 2)) is Step.GO_ON
    assert one.entered(WRITE, snapshot(1, 2)) is Step.DONE


def test_after_a_raise_the_thread_is_followed_a_little_longer_for_a_retry() -> None:
    one = follow()
    assert one.entered(WRITE, snapshot(2, exception=5)) is Step.GO_ON
    assert one.entered(RECV, snapshot(1, 2, exception=5)) is Step.AWAIT_RESULT
    patient = follow()
    steps = [patient.entered(WRITE, snapshot(2, exception=5)) for _ in range(40)]
    assert Step.DONE in steps


def test_an_exception_that_was_there_before_is_no_raise() -> None:
    one = Follow(RECV, snapshot(1, 2, exception=5))
    assert one.entered(WRITE, snapshot(1, 2, exception=5)) is Step.DONE


def test_a_handler_that_never_ends_is_not_followed_for_ever() -> None:
    one = follow()
    steps = [one.entered(WRITE, snapshot(HANDLER_CODE, 1, 2)) for _ in range(1000)]
    assert Step.DONE in steps


def test_the_second_of_two_handlers_tells_as_little_as_the_first() -> None:
    stack = FollowStack()
    stack.begin(Follow(RECV, snapshot(1, 2)))
    for code in (HANDLER_CODE, HANDLER_CODE + 1):
        handler = PythonHandler(10, HandlerKind.FUNCTION, None, code, tripped=False)
        stack.handler_entered(handler, told=True)
    stack.handler_returned()
    stack.handler_returned()
    assert stack.entered(WRITE, snapshot(HANDLER_CODE, 1, 2)) == 0
    assert stack.entered(WRITE, snapshot(HANDLER_CODE + 1, 1, 2)) == 0
    assert stack.innermost is not None


def test_a_lock_is_the_interpreters_own_call_only_when_it_was_not_interrupted() -> None:
    one = Follow(FUTEX, snapshot(1, 2))
    other = Syscall("futex", 202, (8, 0, 0), "futex(8)")
    assert one.entered(other, None) is Step.GO_ON
    assert one.entered(FUTEX, snapshot(1, 2)) is Step.AWAIT_RESULT


def test_an_interruption_inside_a_handler_is_decided_first() -> None:
    stack = FollowStack()
    stack.begin(follow())
    stack.begin(follow(WRITE, HANDLER_CODE, 1, 2))
    assert stack.entered(WRITE, snapshot(HANDLER_CODE, 1, 2)) == 1
    stack.exited(interrupted=False)
    assert stack.innermost is not None
    assert stack.entered(RECV, snapshot(1, 2)) == 1
    stack.exited(interrupted=True)
    assert stack.innermost is not None
    assert stack.entered(RECV, snapshot(1, 2)) == 0
    stack.exited(interrupted=False)
    assert stack.innermost is None


def test_a_few_deliveries_passed_on_do_not_end_the_way_to_an_outcome() -> None:
    stack = FollowStack()
    stack.begin(follow())
    outlived = [stack.outlives_pass() for _ in range(10)]
    assert outlived[0]
    assert not outlived[-1]


def test_only_for_the_result_of_a_call_nothing_is_followed_past_a_delivery() -> None:
    stack = FollowStack()
    assert not stack.outlives_pass()
    stack.begin(follow())
    stack.entered(RECV, snapshot(1, 2))
    assert not stack.outlives_pass()
