"""What an exception left behind on the connection whose call was interrupted.

A stream gives its bytes in order: as long as a reply was not read to its end, whatever reads
next gets what is left of it.
"""

from __future__ import annotations

from eintr_trace.analysis.calls import is_send
from eintr_trace.analysis.consequence import Consequence
from eintr_trace.analysis.exhibits import Topic
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.lost_frames import RAISING, lost_frames, lost_reply_of
from eintr_trace.analysis.socket_after import SocketAfter
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import after_the_signal, bare_name, bytes_said, result
from eintr_trace.facts.thrift import SEND_PREFIX
from eintr_trace.model.episodes import Outcome

_STREAMS = ("TCP", "UNIX-STREAM")
_LOOKS = (Topic.SOCKET_LOOK, Topic.FRAMING)


def left_unread(trail: Trail, finding: Finding) -> Consequence | None:
    """The rest of a reply on a connection that stays open: the next call reads it as its own."""
    socket = trail.socket
    if not _got_out_of_step(trail, finding) or socket.sent is not None or not socket.is_open:
        return None
    method = lost_reply_of(lost_frames(trail, finding))
    if socket.unread_bytes < socket.most_unread:
        return _read_since(socket, method)
    if trail.exited is not None:
        return _unread_at_the_end(socket, method)
    if finding.catching.caught is False:
        return None
    if socket.unread_bytes:
        return _unread(socket, method)
    if method is None:
        return None
    text = (
        f"The connection is still open, and the reply of {method} was not read to its end: what"
        " of it is still to come will be read by the next call on this connection as its own"
        " reply."
    )
    return Consequence(text, (*_LOOKS, Topic.STACK, Topic.CATCHER))


def sent_again(trail: Trail, finding: Finding) -> Consequence | None:
    """A request on the connection of the lost reply: maybe done twice, answered by the old one."""
    socket = trail.socket
    if not _got_out_of_step(trail, finding) or socket.sent is None:
        return None
    after = after_the_signal(trail.span_after(socket.sent.time_ns))
    unread = f", while {bytes_said(socket.unread_at_send)} lay unread" * bool(socket.unread_at_send)
    what = "data" if socket.sent_bytes is None else bytes_said(socket.sent_bytes)
    sent = f"{what} went out on the same connection {after}{unread}"
    method = lost_reply_of(lost_frames(trail, finding))
    if method is not None and _is_sending(socket, method):
        text = (
            f"The program called {method} again: {sent}. The server may run it twice, and what"
            " is read next is what was left of the first reply"
        )
    elif method is not None:
        text = f"Then {sent}: what is read next is what was left of the reply of {method}"
    else:
        text = (
            f"Then {sent}: if it is the request again, the other side may do it twice, and what"
            " is read next may be left over from the first answer"
        )
    topics = (Topic.SENT_AGAIN, Topic.FRAMING, Topic.STACK, Topic.CATCHER)
    return Consequence(f"{text}.", topics)


def received_next(trail: Trail, finding: Finding) -> Consequence | None:
    """How the first receive after that request ended."""
    received = trail.socket.received
    if not _got_out_of_step(trail, finding) or received is None:
        return None
    text = f"The {received.name} that followed {result(received.name, received.retval)}."
    return Consequence(text, (Topic.RECEIVED_NEXT,))


def closed_unread(trail: Trail, finding: Finding) -> Consequence | None:
    """The connection was closed, and nobody can read the rest of the reply any more."""
    socket = trail.socket
    if finding.outcome not in RAISING:
        return None
    if socket.closed_unread:
        text = f"The socket was closed with {bytes_said(socket.closed_unread)} that nobody had read"
        return Consequence(f"{text}.", (Topic.CLOSED,))
    if socket.is_open is False and socket.awaited_data and trail.exited is None:
        text = "The connection was closed after the exception: nothing reads what was left on it."
        return Consequence(text, (Topic.CLOSED, Topic.SOCKET_LOOK))
    return None


def sent_twice(trail: Trail, finding: Finding) -> Consequence | None:
    """``sendall`` called again: it does not say how much it had sent before it raised."""
    call, frame = trail.interruption.call, trail.interruption.frame
    if finding.outcome is not Outcome.RETRIED_BY_PROGRAM or call is None or frame is None:
        return None
    if not is_send(call.syscall) or frame.calls != "sendall":
        return None
    text = (
        "sendall was called again: what it had sent before the signal is not known, to the"
        " program neither, and if it was anything, it is sent twice."
    )
    return Consequence(text, (Topic.REENTERED, Topic.STACK))


def _got_out_of_step(trail: Trail, finding: Finding) -> bool:
    """Tell whether the exception ended a wait for data on a stream."""
    socket = trail.socket
    if finding.outcome not in RAISING or not socket.awaited_data or socket.interrupted is None:
        return False
    return (socket.interrupted.protocol or "").startswith(_STREAMS)


def _unread(socket: SocketAfter, method: str | None) -> Consequence:
    unread = bytes_said(socket.unread_bytes)
    if method is None:
        text = (
            f"{unread} lie unread in the socket, which is still open: whatever reads from it next"
            " gets them first."
        )
        return Consequence(text, (Topic.SOCKET_LOOK,))
    text = (
        f"{unread} of the reply of {method} lie unread in the socket, which is still open: the"
        " next call on this connection will read them as its own reply."
    )
    return Consequence(text, (*_LOOKS, Topic.STACK, Topic.CATCHER))


def _unread_at_the_end(socket: SocketAfter, method: str | None) -> Consequence | None:
    if not socket.unread_bytes:
        return None
    of = "" if method is None else f" of the reply of {method}"
    text = f"{bytes_said(socket.unread_bytes)}{of} lay unread in the socket when it was last seen"
    return Consequence(f"{text}, before the process ended.", (Topic.SOCKET_LOOK, Topic.ENDING))


def _read_since(socket: SocketAfter, method: str | None) -> Consequence:
    read = bytes_said(socket.most_unread - socket.unread_bytes)
    of = "" if method is None else f" of the reply of {method}"
    text = f"At least {read}{of} that lay unread after the exception have been read since"
    return Consequence(f"{text}, by a later call on the same connection.", _LOOKS)


def _is_sending(socket: SocketAfter, method: str) -> bool:
    """Tell whether the send comes from the Thrift method's own code."""
    python = None if socket.sent is None else socket.sent.python
    frames = () if python is None else python.frames
    names = {bare_name(frame.location.function) for frame in frames}
    return method in names or f"{SEND_PREFIX}{method}" in names
