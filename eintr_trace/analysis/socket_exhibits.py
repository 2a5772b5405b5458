"""The evidence on the socket of an interrupted call, one exhibit a topic."""

from __future__ import annotations

from eintr_trace.analysis.calls import socket_timeout
from eintr_trace.analysis.connecting import waits_for_no_connect
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.frames import Stack
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import after_the_signal, bare_name, bytes_said, duration, result
from eintr_trace.facts.thrift import RECEIVE_PREFIX, REPLY_NOT_MATCHED, REPLY_NOT_MATCHED_CITATION
from eintr_trace.model.episodes import Evidence, EvidenceKind
from eintr_trace.model.events import ConnectionSeen, SyscallEntered, SyscallExited


def socket_look(trail: Trail, _: Finding) -> Evidence | None:
    """The latest look at the socket while nothing was stopped."""
    look, is_open = trail.socket.look, trail.socket.is_open
    if look is None or not trail.socket.awaited_data:
        return None
    if is_open:
        unread = bytes_said(trail.socket.unread_bytes)
        text = f"descriptor {look.descriptor.fd} was the same socket still, with {unread} unread"
        most = trail.socket.most_unread
        if most > trail.socket.unread_bytes:
            text += f" (SIOCINQ; an earlier look found {most})"
        else:
            text += " (SIOCINQ)"
    else:
        text = f"descriptor {look.descriptor.fd} was this socket no longer (/proc/PID/fd)"
    return Evidence(EvidenceKind.PROC, f"{_after(trail, look)} {text}", look.time_ns)


def sent_again(trail: Trail, _: Finding) -> Evidence | None:
    """The first send on the socket after the exception."""
    sent = trail.socket.sent
    if sent is None:
        return None
    text = f"{_after(trail, sent)} the thread entered {sent.syscall.text}"
    if trail.socket.unread_at_send:
        text += f"; the socket held {bytes_said(trail.socket.unread_at_send)} unread (SIOCINQ)"
    frames = () if sent.python is None else sent.python.frames
    if frames:
        names = " < ".join(bare_name(frame.location.function) for frame in frames)
        text += f"; the Python stack was {names}"
    return Evidence(EvidenceKind.FOLLOWING_CALL, text, sent.time_ns)


def received_next(trail: Trail, _: Finding) -> Evidence | None:
    """What the first receive after that send gave."""
    received = trail.socket.received
    if received is None:
        return None
    text = f"{_after(trail, received)} {received.name} {result(received.name, received.retval)}"
    return Evidence(EvidenceKind.FOLLOWING_CALL, text, received.time_ns)


def framing(trail: Trail, _: Finding) -> Evidence | None:
    """How Thrift's generated code takes a reply, where the stack shows that it waited for one."""
    python = trail.interruption.python
    if python is None or not _reads_reply(python.frames) or trail.socket.look is None:
        return None
    return Evidence(EvidenceKind.RULE, f"{REPLY_NOT_MATCHED} ({REPLY_NOT_MATCHED_CITATION})")


def closed(trail: Trail, _: Finding) -> Evidence | None:
    """The call that closed the socket, or that shows it closed."""
    event, unread = trail.socket.closed, trail.socket.closed_unread
    if event is None:
        return None
    text = f"{_after(trail, event)} the thread entered {event.syscall.text}"
    if unread:
        text += f"; SIOCINQ at close: the kernel held {bytes_said(unread)} of this socket unread"
    elif event.syscall.name != "close":
        text += ": that descriptor was another file by then"
    return Evidence(EvidenceKind.FOLLOWING_CALL, text, event.time_ns)


def timeout(trail: Trail, _: Finding) -> Evidence | None:
    """The socket's own timeout, where the call made again has one."""
    again = trail.reentered
    call = None if again is None else again.call
    if again is None or call is None or call.descriptor is None:
        return None
    found = socket_timeout(call, call.descriptor)
    if found is None:
        return None
    option, timeout_ns = found
    text = (
        f"getsockopt({option}) of descriptor {call.descriptor.fd}: {duration(timeout_ns)}, which"
        " counts from the beginning of each call (socket(7))"
    )
    return Evidence(EvidenceKind.PROC, text, again.time_ns)


def unconnected(trail: Trail, _: Finding) -> Evidence | None:
    """The socket of a connect that CPython waits for, not connected."""
    again = trail.reentered
    if again is None or again.call is None or not waits_for_no_connect(trail):
        return None
    if trail.log is not None:
        text = (
            "a connect on AF_UNIX that EINTR has ended is not under way: the socket stays"
            " unconnected (Linux net/unix/af_unix.c unix_stream_connect())"
        )
        return Evidence(EvidenceKind.RULE, text)
    text = f"getpeername gave ENOTCONN for that socket as the thread entered {again.call.name}"
    return Evidence(EvidenceKind.PROC, text, again.time_ns)


def _after(trail: Trail, event: ConnectionSeen | SyscallEntered | SyscallExited) -> str:
    return after_the_signal(trail.span_after(event.time_ns))


def _reads_reply(frames: Stack) -> bool:
    return any(bare_name(one.location.function).startswith(RECEIVE_PREFIX) for one in frames)
