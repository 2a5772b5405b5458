"""What a source saw, one frozen value an event; the recording is these values in order.

Times are nanoseconds of CLOCK_MONOTONIC; the header anchors them to the wall clock. ``tid``,
``tgid``, ``signo``, ``nr``, ``retval`` are as the kernel says them (ptrace(2), signal(7)).
``held_ns`` is how long the tracer held the thread in this stop. ``None`` means not known: a
source that cannot see something (an strace log: memory, registers) leaves it ``None``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from eintr_trace.model.delivery import HandlerWatch, InstalledHandler, MergedSignals
from eintr_trace.model.python_state import Interpreter, PythonSnapshot


class Disposition(StrEnum):
    """What the process does with a signal, from SigCgt and SigIgn of /proc/PID/status."""

    CAUGHT = "caught"
    IGNORED = "ignored"
    DEFAULT = "default"


class Reduction(StrEnum):
    """What was not looked at because the tracer itself was not able to."""

    MEMORY_UNREAD = "memory-unread"  # no descriptor left for /proc/PID/mem
    # For a watchpoint on the main thread, which sees when the Python handler begins:
    WATCHPOINT_REFUSED = "watchpoint-refused"  # not allowed, or this machine has none
    WATCHPOINTS_TAKEN = "watchpoints-taken"  # no slot left
    WATCHPOINT_UNOPENED = "watchpoint-unopened"  # no descriptor left, or no memory
    WATCHPOINT_SPARED = "watchpoint-spared"  # signals come too fast to pay for it
    MAIN_THREAD_UNKNOWN = "main-thread-unknown"
    # For the probes in the interrupted thread, which see who decides about EINTR:
    DECISION_REFUSED = "decision-refused"  # not allowed, or this machine has no breakpoints
    DECISION_SLOTS_TAKEN = "decision-slots-taken"
    DECISION_UNOPENED = "decision-unopened"  # no descriptor left, or no memory
    DECISION_SPARED = "decision-spared"  # signals come too fast to pay for them
    DECISION_THREADS_BUSY = "decision-threads-busy"  # other threads have all that there are
    DECISION_UNNAMED = "decision-unnamed"  # the interpreter's functions have no names
    DECISION_LEFT_OUT = "decision-left-out"  # the reader was so slow that C stacks were left out


@dataclass(frozen=True)
class SignalInfo:
    """A signal and who sent it: siginfo_t of sigaction(2), read with PTRACE_GETSIGINFO.

    ``code`` is the name of ``si_code`` (``SI_USER``), ``sender_command`` the sender's comm,
    read while it lived. Of SIGCHLD the kernel is the sender, ``sender_pid`` the child, and
    ``child_status`` its exit status, or the signal that ended or stopped it; the ticks are
    the processor time it has used (times(2)).
    """

    signo: int
    name: str
    code: str | None = None
    sender_pid: int | None = None
    sender_uid: int | None = None
    sender_command: str | None = None
    child_status: int | None = None
    child_user_ticks: int | None = None
    child_system_ticks: int | None = None


@dataclass(frozen=True)
class FileDescriptor:
    """What a descriptor argument refers to.

    ``target`` is the link of /proc/PID/fd; for sockets ``local`` and ``peer`` are endpoints,
    ``unread_bytes`` what the kernel holds for the program (SIOCINQ), ``receive_timeout_ns``
    and ``send_timeout_ns`` are SO_RCVTIMEO and SO_SNDTIMEO (0: none). ``connected`` is false
    where getpeername(2) says ENOTCONN.
    """

    fd: int
    target: str | None = None
    protocol: str | None = None
    local: str | None = None
    peer: str | None = None
    unread_bytes: int | None = None
    receive_timeout_ns: int | None = None
    send_timeout_ns: int | None = None
    connected: bool | None = None


@dataclass(frozen=True)
class Syscall:
    """A system call as it was made; ``text`` is it with its arguments decoded."""

    name: str
    nr: int | None
    args: tuple[int, ...] | None
    text: str
    descriptor: FileDescriptor | None = None


@dataclass(frozen=True)
class InterruptedCall:
    """The call that a stop met, read from the registers of that stop.

    ``retval`` is the raw value in the return register: a restart code (-512, -513, -514,
    -516), -4 (EINTR), or the call's own result when it had already finished. ``ip`` and
    ``sp`` are the instruction pointer after the call and the stack pointer.
    """

    syscall: Syscall
    retval: int
    ip: int | None = None
    sp: int | None = None


@dataclass(frozen=True)
class Event:
    """What every event has; ``tid`` is 0 where an event is about a whole process."""

    time_ns: int
    tgid: int
    tid: int


class ThreadOrigin(StrEnum):
    """How a thread came under the tracer."""

    SEIZED = "seized"
    CLONED = "cloned"
    FORKED = "forked"
    LAUNCHED = "launched"


@dataclass(frozen=True)
class ProcessSeen(Event):
    """A process came into view, or became another program (exec)."""

    argv: tuple[str, ...]
    exe: str | None
    origin: ThreadOrigin
    interpreter: Interpreter | None = None
    interpreter_problem: str | None = None


@dataclass(frozen=True)
class ThreadSeen(Event):
    """A thread came under the tracer. ``blocked_in`` is the call /proc/PID/syscall showed."""

    origin: ThreadOrigin
    command: str | None = None
    blocked_in: str | None = None


@dataclass(frozen=True)
class SignalDelivered(Event):
    """A signal-delivery-stop.

    ``call`` is ``None`` when no call was in progress. ``before_user_mode`` marks a second
    delivery before the thread ran anything: its registers are the first handler's, and
    ``handler_address`` is then that first handler's address. ``rerouted_from`` is the main
    thread's tid when the kernel would have chosen it, had the tracer not held it.
    ``merged`` is ``None`` where none did, or where it could not be seen; in the latter case
    ``pending_again`` says whether the same signal was pending once more in this stop.
    ``reduced``: what this stop would else have shown as well. ``handler_watch`` is there where
    a Python handler is to run, and is watched for; ``installed`` where an strace log has shown it;
    ``after_call``: a log's line before this one is of a call that had come back.
    """

    signal: SignalInfo
    disposition: Disposition | None
    call: InterruptedCall | None
    before_user_mode: bool = False
    handler_address: int | None = None
    python: PythonSnapshot | None = None
    rerouted_from: int | None = None
    held_ns: int | None = None
    merged: MergedSignals | None = None
    pending_again: bool | None = None
    reduced: tuple[Reduction, ...] = ()
    handler_watch: HandlerWatch | None = None
    installed: InstalledHandler | None = None
    after_call: bool = False


@dataclass(frozen=True)
class DeliveryPassed(Event):
    """A delivery passed on at once, unread, so that the program makes progress (promise 3).

    ``count`` deliveries of ``signo`` since ``first_time_ns``, summed up by the tracer.
    ``merged`` further ones merged into them while the tracer held the thread, as far as seen.
    """

    signo: int
    name: str
    count: int
    first_time_ns: int
    merged: int = 0


@dataclass(frozen=True)
class HandlerReturning(Event):
    """A C signal handler is about to return: rt_sigreturn's syscall-enter-stop.

    ``saved_retval`` and ``saved_ip`` are what the signal frame will restore: -4 is the EINTR
    the program will see; the call's number with the address of its instruction is a restart.
    ``python`` has only the signal's entry in CPython's table: tripped, if its C handler ran.
    ``saved_mask`` are the signals that will be blocked then: bit signo - 1 stands for signo.
    """

    saved_retval: int | None
    saved_ip: int | None
    python: PythonSnapshot | None = None
    held_ns: int | None = None
    saved_mask: int | None = None


@dataclass(frozen=True)
class HandlerReturned(Event):
    """rt_sigreturn's syscall-exit-stop; ``retval`` is the restored register."""

    retval: int | None
    held_ns: int | None = None


@dataclass(frozen=True)
class PythonHandlerBegan(Event):
    """CPython is about to call the Python handler of ``signo``, in its main thread ``tid``.

    A sample of a watchpoint on ``Handlers[signo].tripped`` (CPython Modules/signalmodule.c):
    the write that is not CPython's C handler's. It answers every delivery since the last run.
    """

    signo: int
    name: str


@dataclass(frozen=True)
class PythonHandlerDue(Event):
    """The trace ends, and a handler that was watched for was not seen to begin.

    ``tripped``: CPython's table says it is still to be called; ``None``: it can't be read.
    """

    signo: int
    name: str
    tripped: bool | None


@dataclass(frozen=True)
class SyscallEntered(Event):
    """A syscall-enter-stop of a thread that is being followed, or where every call is traced."""

    syscall: Syscall
    ip: int | None = None
    sp: int | None = None
    python: PythonSnapshot | None = None
    held_ns: int | None = None


@dataclass(frozen=True)
class SyscallExited(Event):
    """The syscall-exit-stop to that; ``text``, ``result``: what it gave, if more than a number."""

    name: str
    nr: int | None
    retval: int
    held_ns: int | None = None
    text: str | None = None
    result: str | None = None


@dataclass(frozen=True)
class GroupStopped(Event):
    """A group-stop (SIGSTOP and kin): the thread stays stopped until SIGCONT."""

    signo: int
    name: str
    call: InterruptedCall | None
    python: PythonSnapshot | None = None
    held_ns: int | None = None
    reduced: tuple[Reduction, ...] = ()


@dataclass(frozen=True)
class ContinueTrapped(Event):
    """PTRACE_EVENT_STOP with SIGTRAP: SIGCONT was sent; every seized thread traps.

    ``was_stopped``: the thread was in a group-stop before, so the trap is its end.
    """

    call: InterruptedCall | None
    was_stopped: bool
    python: PythonSnapshot | None = None
    held_ns: int | None = None
    reduced: tuple[Reduction, ...] = ()


@dataclass(frozen=True)
class WentQuiet(Event):
    """No stop for ``after_ns`` after an interruption: the thread runs or is blocked.

    ``python`` was read from the running thread and counts only because two reads agreed
    (``None``: they did not). ``blocked_in`` is from /proc/PID/syscall.
    """

    after_ns: int
    python: PythonSnapshot | None = None
    blocked_in: str | None = None


@dataclass(frozen=True)
class ConnectionSeen(Event):
    """A later look at the socket of an interrupted call that raised, while nothing is stopped.

    It is still open if ``descriptor.target``, the socket's inode, is what it was then.
    """

    descriptor: FileDescriptor


@dataclass(frozen=True)
class FollowEnded(Event):
    """The tracer stopped following a thread; it sleeps again until the next signal."""

    reason: str


@dataclass(frozen=True)
class ProcessExeced(Event):
    """execve succeeded; ``former_tid`` is the thread that called it. ProcessSeen follows."""

    former_tid: int | None


@dataclass(frozen=True)
class ThreadExited(Event):
    """A thread ended: with ``status``, or by the signal ``signo``."""

    status: int | None = None
    signo: int | None = None


@dataclass(frozen=True)
class ProcessExited(Event):
    """A process ended: with ``status``, or by the signal ``signo``."""

    status: int | None
    signo: int | None = None
    signal_name: str | None = None


@dataclass(frozen=True)
class EventsLost(Event):
    """The pipe to the reporting process was full; ``count`` events are missing here."""

    count: int


@dataclass(frozen=True)
class Warned(Event):
    """Something the user should know, found by the source itself."""

    text: str


class EndReason(StrEnum):
    """Why a trace ended."""

    DETACHED = "detached"  # Ctrl-C, SIGTERM
    DURATION = "duration"
    COUNT = "count"
    TRACEES_GONE = "tracees-gone"
    CUT_SHORT = "cut-short"  # the recording ends without this event


@dataclass(frozen=True)
class TraceEnded(Event):
    """The last event. ``passed`` deliveries went unread, ``lost`` events did not fit the pipe."""

    reason: EndReason
    deliveries: int
    passed: int
    lost: int
