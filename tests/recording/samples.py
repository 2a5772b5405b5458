"""A short recording with nested values, for the tests of the reader and of the commands."""

from __future__ import annotations

from eintr_trace.model.events import (
    Disposition,
    EndReason,
    Event,
    FileDescriptor,
    InterruptedCall,
    ProcessSeen,
    SignalDelivered,
    SignalInfo,
    Syscall,
    SyscallExited,
    ThreadOrigin,
    ThreadSeen,
    TraceEnded,
)
from eintr_trace.model.python_state import (
    CodeLocation,
    HandlerKind,
    Implementation,
    Interpreter,
    PythonFrame,
    PythonHandler,
    PythonSnapshot,
)
from eintr_trace.model.trace import TraceHeader, TraceMode, TraceSource
from eintr_trace.sources.recording.codec import encode_event, encode_header

HEADER = TraceHeader(
    source=TraceSource.LIVE,
    mode=TraceMode.SIGNAL_ARMED,
    arch="x86_64",
    kernel="6.12.0",
    realtime_anchor_ns=1_700_000_000_000_000_000,
    monotonic_anchor_ns=1_000_000_000,
    tool_version="0.1.0",
)

RECV = Syscall(
    name="recvfrom",
    nr=45,
    args=(3, 0x7F0000001000, 4096, 0, 0, 0),
    text="recvfrom(3<TCP 127.0.0.1:40112->127.0.0.1:9090>, 0x7f0000001000, 4096, 0, NULL, NULL)",
    descriptor=FileDescriptor(
        fd=3,
        target="socket:[4242]",
        protocol="TCP",
        local="127.0.0.1:40112",
        peer="127.0.0.1:9090",
        unread_bytes=0,
    ),
)

SNAPSHOT = PythonSnapshot(
    frames=(PythonFrame(CodeLocation("read", "TSocket.py", 134), 0x1000, 0x2000, 46, "recv"),),
    exceptions=(),
    handler=PythonHandler(10, HandlerKind.FUNCTION, None, 0x3000, tripped=False),
    is_python_main_thread=True,
)

EVENTS: tuple[Event, ...] = (
    ProcessSeen(
        1_000_000_100,
        4700,
        4700,
        argv=("python", "client\udcff.py"),
        exe="/usr/bin/python3.12",
        origin=ThreadOrigin.SEIZED,
        interpreter=Interpreter(Implementation.CPYTHON, "3.12.4", "offsets table 3.12"),
    ),
    ThreadSeen(1_000_000_200, 4700, 4700, ThreadOrigin.SEIZED, blocked_in="recvfrom"),
    SignalDelivered(
        2_000_000_000,
        4700,
        4700,
        signal=SignalInfo(10, "SIGUSR1", "SI_USER", 4711, 1000, "bash"),
        disposition=Disposition.CAUGHT,
        call=InterruptedCall(RECV, -512, ip=0x7F0000002000, sp=0x7FFC00001000),
        python=SNAPSHOT,
        held_ns=34_000,
    ),
    SyscallExited(2_000_300_000, 4700, 4700, name="recvfrom", nr=45, retval=4096),
    TraceEnded(3_000_000_000, 0, 0, reason=EndReason.DETACHED, deliveries=1, passed=0, lost=0),
)


def recording() -> bytes:
    """The bytes of the recording of EVENTS."""
    return encode_header(HEADER) + b"".join(encode_event(event) for event in EVENTS)
