"""What became of the socket on which an interrupted call waited."""

from __future__ import annotations

from dataclasses import dataclass

from eintr_trace.analysis.calls import asked_bytes, is_receive, is_send
from eintr_trace.facts.restart_codes import restart_code
from eintr_trace.model.events import (
    ConnectionSeen,
    FileDescriptor,
    InterruptedCall,
    SyscallEntered,
    SyscallExited,
)
from eintr_trace.model.python_state import PythonFrame

_WAITS = frozenset({"poll", "ppoll", "select", "pselect6"})
# A socket with a timeout waits in poll (Modules/socketmodule.c), also to send.
_RECEIVES = frozenset({"recv", "recv_into", "recvfrom", "recvfrom_into", "recvmsg", "recvmsg_into"})


@dataclass
class SocketAfter:
    """Collects what was seen of one socket after its interrupted call raised.

    ``interrupted`` is the socket as the signal found it, ``None``: the call was on none.
    ``look`` is the latest look while nothing was stopped, ``most_unread`` the most bytes that
    any look found unread. ``closed`` is the call by which the thread closed it, or the first on
    another file with its number. ``sent`` is the first send on the socket after the exception,
    ``receiving`` the first receive after that send and ``received`` how that ended.
    """

    interrupted: FileDescriptor | None
    awaited_data: bool = False
    look: ConnectionSeen | None = None
    most_unread: int = 0
    closed: SyscallEntered | None = None
    sent: SyscallEntered | None = None
    receiving: SyscallEntered | None = None
    received: SyscallExited | None = None

    @property
    def is_open(self) -> bool | None:
        """Whether the socket was last seen open; ``None``: nobody looked."""
        if self.closed is not None:
            return False
        if self.look is None or self.interrupted is None:
            return None
        return self.look.descriptor.target == self.interrupted.target

    @property
    def state(self) -> tuple[object, ...]:
        """What makes it worth speaking again when it differs."""
        return (
            self.is_open,
            self.unread_bytes,
            self.most_unread,
            self.closed,
            self.sent,
            self.received,
        )

    @property
    def unread_bytes(self) -> int:
        """What lay unread at the latest look."""
        unread = None if self.look is None else self.look.descriptor.unread_bytes
        return (unread or 0) if self.is_open else 0

    @property
    def closed_unread(self) -> int:
        """What lay unread when the thread closed the socket."""
        if self.closed is None or self.interrupted is None:
            return 0
        descriptor = self.closed.syscall.descriptor
        is_same = descriptor is not None and descriptor.target == self.interrupted.target
        return (descriptor.unread_bytes or 0) if is_same and descriptor is not None else 0

    @property
    def sent_bytes(self) -> int | None:
        """How many bytes the send was given."""
        return None if self.sent is None else asked_bytes(self.sent.syscall)

    @property
    def unread_at_send(self) -> int:
        """What lay unread when the program sent again."""
        descriptor = None if self.sent is None else self.sent.syscall.descriptor
        return 0 if descriptor is None else descriptor.unread_bytes or 0

    def seen(self, event: ConnectionSeen) -> None:
        """Take in a look at the socket."""
        if self.interrupted is not None and event.descriptor.fd == self.interrupted.fd:
            self.look = event
            self.most_unread = max(self.most_unread, self.unread_bytes)

    def entered(self, event: SyscallEntered, *, raised: bool) -> None:
        """Take in a call of the thread outside signal handlers; ``raised``: after the exception."""
        descriptor, before = event.syscall.descriptor, self.interrupted
        if descriptor is None or before is None or descriptor.fd != before.fd:
            return
        if event.syscall.name == "close" or descriptor.target != before.target:
            self.closed = self.closed or event
        elif is_send(event.syscall) and self.awaited_data and raised:
            self.sent = self.sent or event
        elif is_receive(event.syscall) and self.sent is not None:
            self.receiving = self.receiving or event

    def exited(self, event: SyscallExited) -> None:
        """Take in the end of a call."""
        receiving = self.receiving
        if receiving is None or self.received is not None or receiving.syscall.nr != event.nr:
            return
        if restart_code(event.retval) is None:
            self.received = event


def socket_of(call: InterruptedCall | None, frame: PythonFrame | None) -> SocketAfter:
    """Begin with an interrupted call and the Python frame that made it."""
    descriptor = None if call is None else call.syscall.descriptor
    if call is None or descriptor is None or descriptor.protocol is None:
        return SocketAfter(None)
    called = None if frame is None else frame.calls
    waited = call.syscall.name in _WAITS and called in _RECEIVES
    return SocketAfter(descriptor, awaited_data=waited or is_receive(call.syscall))
