"""Hand-made episodes, one of each kind that a reader may meet, and reports of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from eintr_trace.model.c_stack import CodeRole, PathEnd
from eintr_trace.model.episodes import (
    Confidence,
    CPath,
    Decision,
    DecisionKind,
    DelayBound,
    Episode,
    Evidence,
    EvidenceKind,
    FollowUp,
    HandlerRun,
    InterruptedSyscall,
    KernelAction,
    Layer,
    Outcome,
    PythonSide,
    RaisedException,
    Receiver,
    Sentence,
    TracerInduced,
)
from eintr_trace.model.events import (
    EndReason,
    FileDescriptor,
    ProcessSeen,
    SignalInfo,
    Syscall,
    ThreadOrigin,
    TraceEnded,
)
from eintr_trace.model.python_state import CodeLocation, Implementation, Interpreter, PythonFrame
from eintr_trace.model.report import EpisodeUpdate, Report, Summary
from eintr_trace.model.trace import TraceHeader, TraceMode, TraceSource

SECOND_NS = 1_000_000_000
NOON_NS = 1_700_049_600 * SECOND_NS  # 2023-11-15 12:00:00 UTC

HEADER = TraceHeader(
    source=TraceSource.LIVE,
    mode=TraceMode.SIGNAL_ARMED,
    arch="x86_64",
    kernel="6.12.0",
    realtime_anchor_ns=NOON_NS,
    monotonic_anchor_ns=0,
    tool_version="0.1.0",
)

LIBRARY = "/opt/py/lib/python2.7/site-packages/thrift/transport/TSocket.py"
USR1 = SignalInfo(10, "SIGUSR1", "SI_USER", 4711, 1000, "bash")
SOCKET = FileDescriptor(
    fd=3,
    target="socket:[4242]",
    protocol="TCP",
    local="127.0.0.1:40112",
    peer="127.0.0.1:9090",
    unread_bytes=0,
)
RECV = Syscall(
    "recvfrom",
    45,
    (3, 0x7F0000001000, 4096, 0, 0, 0),
    "recvfrom(3<TCP 127.0.0.1:40112->127.0.0.1:9090>, 0x7f0000001000, 4096, 0, NULL, NULL)",
    SOCKET,
)
RECV_INTERRUPTED = InterruptedSyscall(RECV, -512, "ERESTARTSYS")
READ_27 = CodeLocation("read", LIBRARY, 150)
HANDLER = CodeLocation("on_usr1", "client.py", 11)


def _stack(library: str, line: int) -> tuple[PythonFrame, ...]:
    return (
        PythonFrame(CodeLocation("read", library, line), 0x1000, 0x2000, 46, "recv"),
        PythonFrame(
            CodeLocation("get_image", "gen/calculator/Calculator.py", 71), 0x1100, 0x2100, 9
        ),
        PythonFrame(CodeLocation("main", "client.py", 31), 0x1200, 0x2200, 30),
    )


RAISED = Episode(
    id=1,
    tgid=4700,
    tid=4700,
    main_thread=True,
    time_ns=1_123_000_000,
    end_ns=1_124_000_000,
    signal=USR1,
    syscall=RECV_INTERRUPTED,
    kernel_action=KernelAction.EINTR,
    sa_restart=False,
    outcome=Outcome.RAISED,
    confidence=Confidence.OBSERVED,
    python=PythonSide(
        _stack(LIBRARY, 150), HandlerRun(HANDLER, 310_000, DelayBound.AT_MOST, inside_call=False)
    ),
    exceptions=(
        RaisedException(
            "socket.error", 4, "[Errno 4] Interrupted system call", READ_27, "attribute"
        ),
        RaisedException(
            "TTransportException",
            None,
            "unexpected exception",
            CodeLocation("read", LIBRARY, 160),
            "handled",
        ),
    ),
    caught=True,
    caught_at=CodeLocation("main", "client.py", 38),
    consequences=("The reply is lost: 1372555 bytes of it had been read and are thrown away.",),
    evidence=(
        Evidence(EvidenceKind.REGISTER, "rax = -512 at the delivery of SIGUSR1", 1_123_000_000),
        Evidence(EvidenceKind.SIGNAL_FRAME, "saved rax = -4, rip unchanged", 1_123_050_000),
        Evidence(EvidenceKind.MEMORY, "exc_info holds a TTransportException", 1_124_000_000),
        Evidence(EvidenceKind.RULE, "CPython 2.7 sock_recv does not call again (PEP 475)"),
    ),
    explanation=(
        Sentence(Layer.KERNEL, "SIGUSR1 woke recvfrom before any byte had come.", (0,)),
        Sentence(Layer.KERNEL, "Its handler has no SA_RESTART, so the call failed: EINTR.", (1,)),
        Sentence(Layer.C, "CPython 2.7's sock_recv turned EINTR into socket.error.", (3,)),
        Sentence(Layer.PYTHON, "TSocket.read wrapped it in a TTransportException.", (2,)),
        Sentence(Layer.PROGRAM, "client.py caught that and gave the request up.", (2,)),
    ),
    advice=("Run it under Python 3.5 or later, which calls again by itself (PEP 475).",),
    headline="SIGUSR1 met recvfrom in read: TTransportException, caught in main (client.py:38)",
)

RESUMED = Episode(
    id=2,
    tgid=4800,
    tid=4800,
    main_thread=True,
    time_ns=2 * SECOND_NS,
    end_ns=2_000_400_000,
    signal=USR1,
    syscall=RECV_INTERRUPTED,
    kernel_action=KernelAction.EINTR,
    sa_restart=False,
    outcome=Outcome.RESUMED_BY_INTERPRETER,
    confidence=Confidence.INFERRED,
    python=PythonSide(
        _stack("/opt/py/lib/python3.12/site-packages/thrift/transport/TSocket.py", 150),
        HandlerRun(
            HANDLER,
            210_000,
            DelayBound.EXACT,
            deliveries=1,
            inside_call=True,
            ended_within_ns=400_000,
        ),
        problem="the stack is cut after 3 frames",
    ),
    decision=Decision(
        DecisionKind.CALL_AGAIN,
        "sock_call_impl",
        ("sock_call", "sock_recv", "method_vectorcall_VARARGS"),
    ),
    received_by=Receiver(
        CodeRole.CPYTHON, "sock_recv", "/opt/py/bin/python3.12", retries_since="3.5"
    ),
    c_path=CPath(("recv", "sock_recv", "PyErr_CheckSignals"), PathEnd.HANDLER_DUE, seen_in=1),
    follow_up=FollowUp(4096, 1_204_000_000),
    evidence=(
        Evidence(EvidenceKind.FOLLOWING_CALL, "the same recvfrom again", 2_000_400_000),
        Evidence(EvidenceKind.RULE, "PEP 475: sock_recv calls again since 3.5"),
    ),
    explanation=(
        Sentence(Layer.KERNEL, "The kernel handed out EINTR.", ()),
        Sentence(Layer.C, "CPython ran the handler from inside recv and called again.", (0, 1)),
    ),
)

RESTARTED = Episode(
    id=3,
    tgid=4800,
    tid=4802,
    main_thread=False,
    time_ns=3 * SECOND_NS,
    end_ns=3 * SECOND_NS,
    signal=SignalInfo(17, "SIGCHLD", "CLD_EXITED"),
    syscall=RECV_INTERRUPTED,
    kernel_action=KernelAction.RESTART,
    sa_restart=True,
    outcome=Outcome.RESTARTED_BY_KERNEL,
    confidence=Confidence.OBSERVED,
)

NOT_BLOCKING = Episode(
    id=4,
    tgid=4800,
    tid=4800,
    main_thread=True,
    time_ns=4 * SECOND_NS,
    end_ns=4 * SECOND_NS,
    signal=USR1,
    syscall=None,
    kernel_action=KernelAction.NONE,
    sa_restart=None,
    outcome=Outcome.NOT_BLOCKING,
    confidence=Confidence.OBSERVED,
)

EPOLL = Syscall("epoll_wait", 232, (4, 0x7F00, 8, 2**64 - 1), "epoll_wait(4, 0x7f00, 8, -1)")
INDUCED = Episode(
    id=5,
    tgid=4800,
    tid=4800,
    main_thread=None,
    time_ns=5 * SECOND_NS,
    end_ns=5 * SECOND_NS,
    signal=SignalInfo(28, "SIGWINCH", "SI_KERNEL"),
    syscall=InterruptedSyscall(EPOLL, -4, "EINTR"),
    kernel_action=KernelAction.EINTR,
    sa_restart=None,
    outcome=Outcome.RAISED,
    confidence=Confidence.OBSERVED,
    tracer_induced=TracerInduced.IGNORED,
    exceptions=(RaisedException("IOError", 4, None, None, "pending"),),
)

DIED = Episode(
    id=6,
    tgid=4900,
    tid=4900,
    main_thread=True,
    time_ns=6 * SECOND_NS,
    end_ns=6 * SECOND_NS,
    signal=SignalInfo(15, "SIGTERM", "SI_USER", 4711, 1000, "bash"),
    syscall=InterruptedSyscall(RECV, 12, None),
    kernel_action=KernelAction.NONE,
    sa_restart=None,
    outcome=Outcome.DIED,
    confidence=Confidence.OBSERVED,
    exit_status=143,
    consequences=("The process is gone.",),
)

UNKNOWN = Episode(
    id=7,
    tgid=4800,
    tid=4803,
    main_thread=False,
    time_ns=7 * SECOND_NS,
    end_ns=7 * SECOND_NS + 100_000_000,
    signal=None,
    syscall=RECV_INTERRUPTED,
    kernel_action=KernelAction.NONE,
    sa_restart=None,
    outcome=Outcome.UNKNOWN,
    confidence=Confidence.INFERRED,
    python=PythonSide((), None, problem="this process is not CPython"),
    exceptions=(RaisedException("ValueError", None, "x\x1b[2J\u202e\n\udcff", HANDLER, "pending"),),
    caught=False,
)

RAISED_UNCAUGHT = replace(RAISED, caught=False, caught_at=None, exit_status=1)
AMENDED = EpisodeUpdate(
    RAISED_UNCAUGHT,
    time_ns=1_900_000_000,
    amended=True,
    amendment="nobody caught it: the process ended with status 1",
)


def told(episode: Episode) -> EpisodeUpdate:
    """Tell of an episode for the first time, at once."""
    return EpisodeUpdate(episode, episode.end_ns)


EPISODES = (RAISED, RESUMED, RESTARTED, NOT_BLOCKING, INDUCED, DIED, UNKNOWN)

PROCESSES = (
    ProcessSeen(
        100,
        4700,
        4700,
        argv=("python2.7", "client.py"),
        exe="/opt/py/bin/python2.7",
        origin=ThreadOrigin.SEIZED,
        interpreter=Interpreter(Implementation.CPYTHON, "2.7.18", "offsets table 2.7"),
    ),
    ProcessSeen(
        200,
        4900,
        4900,
        argv=("sleep\x1b[31m", "9"),
        exe="/usr/bin/sleep",
        origin=ThreadOrigin.FORKED,
        interpreter_problem="not CPython",
    ),
    ProcessSeen(300, 4901, 4901, argv=(), exe=None, origin=ThreadOrigin.FORKED),
)


def report(*episodes: Episode, warnings: tuple[str, ...] = (), passed: int = 0) -> Report:
    """A whole report of these episodes."""
    outcomes = Counter(episode.outcome for episode in episodes)
    induced = Counter(e.tracer_induced for e in episodes if e.tracer_induced is not None)
    reductions = Counter(kind for episode in episodes for kind in episode.reduced)
    return Report(
        header=HEADER,
        processes=PROCESSES,
        episodes=episodes,
        summary=Summary(
            by_outcome=tuple(outcomes.items()),
            by_tracer_induced=tuple(induced.items()),
            by_reduction=tuple(reductions.items()),
            passed=passed,
            lost=0,
        ),
        warnings=warnings,
        ended=TraceEnded(
            9 * SECOND_NS,
            0,
            0,
            reason=EndReason.TRACEES_GONE,
            deliveries=len(episodes),
            passed=passed,
            lost=0,
        ),
    )
