"""The bounded pipe to the reporting process: a slow reader never holds the tracee."""

from __future__ import annotations

import errno
import fcntl
import os
import select
import signal
import time
from collections import deque

from eintr_trace.model.events import Event, EventsLost
from eintr_trace.model.stack_events import CodeMapped
from eintr_trace.model.trace import TraceHeader
from eintr_trace.sources.live.emit import Later, Told
from eintr_trace.sources.recording.codec import encode_event, encode_header

# Threads that are followed stop again soon, and would wait while their events are encoded: so
# long that can wait instead.
_PATIENCE_NS = 5_000_000
_MOST_UNTOLD = 1024
_BACKLOG_RETRY_NS = 10_000_000
_PIPE_BYTES = 1 << 20  # the default limit of /proc/sys/fs/pipe-max-size
_BUFFER_BYTES = 16 << 20
_FOR_LARGE_BYTES = _BUFFER_BYTES // 2  # beyond, large events have others that stand for them


class Outlet:
    """The write end of the pipe; what neither it nor the buffer takes is counted as lost.

    What is emitted is encoded only by ``tell`` or ``flush``.
    """

    def __init__(self, write_fd: int) -> None:
        self._fd: int | None = write_fd
        os.set_blocking(write_fd, False)
        try:
            fcntl.fcntl(write_fd, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        except OSError as error:
            # The user's share of pipe memory is used up (pipe(7)): the default size will do.
            if error.errno not in (errno.EPERM, errno.EBUSY):
                raise
        self._untold: deque[Told] = deque()
        self._untold_since_ns = 0
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._lost_now = 0
        self.lost = 0
        self._broken = False

    @property
    def has_backlog(self) -> bool:
        """Whether something waits for the reader."""
        return bool(self._waiting) and not self._broken

    def next_tell_ns(self) -> int | None:
        """When there will be something to do, if nothing else happens."""
        if self._untold:
            return self._untold_since_ns + _PATIENCE_NS
        return time.monotonic_ns() + _BACKLOG_RETRY_NS if self.has_backlog else None

    @staticmethod
    def prepare(header: TraceHeader) -> None:
        """Build the encoders, which takes longer than any stop may, before there are stops."""
        encode_header(header)

    def header(self, header: TraceHeader) -> None:
        """Send the first line."""
        self._put(encode_header(header))

    def emit(self, event: Told) -> None:
        """Take an event, to be sent in its turn."""
        if not self._untold:
            self._untold_since_ns = time.monotonic_ns()
        self._untold.append(event)
        if len(self._untold) > _MOST_UNTOLD:
            self._send(self._untold.popleft())

    def tell(self, *, stop_expected: bool) -> None:
        """Send what was emitted; for a stop that waits to be served, only the next event.

        ``stop_expected``: a thread will stop soon, and should then find the tracer idle.
        """
        if stop_expected and time.monotonic_ns() < self._untold_since_ns + _PATIENCE_NS:
            return
        while self._untold:
            self._send(self._untold.popleft())
            if signal.SIGCHLD in signal.sigpending():
                return
        self._write()

    def flush(self) -> None:
        """Send all that was emitted, whoever waits."""
        while self._untold:
            self._send(self._untold.popleft())
        self._write()

    def _send(self, event: Told) -> None:
        """Send an event, or count it as lost."""
        if self._waiting_bytes > self._room_bytes(event):
            self._lost_now += 1
            self.lost += 1
            self._write()
            return
        self._emit_lost()
        self._put(encode_event(event if isinstance(event, Event) else self._made(event)))

    @staticmethod
    def _room_bytes(event: Told) -> int:
        """So much may wait before it; where code lies is told once, for all that comes later."""
        return 2 * _BUFFER_BYTES if isinstance(event, CodeMapped) else _BUFFER_BYTES

    def _made(self, event: Later) -> Event:
        stand_in = event.stand_in() if self._waiting_bytes > _FOR_LARGE_BYTES else None
        return event.event() if stand_in is None else stand_in

    def emit_last(self, event: Event) -> None:
        """Send the event that says how it ended, however full the pipe is."""
        self.flush()
        self._emit_lost()
        self._put(encode_event(event))

    def _emit_lost(self) -> None:
        if self._lost_now:
            lost, self._lost_now = self._lost_now, 0
            self._put(encode_event(EventsLost(time.monotonic_ns(), 0, 0, lost)))

    def _put(self, line: bytes) -> None:
        self._waiting.append(line)
        self._waiting_bytes += len(line)
        self._write()

    def _write(self) -> None:
        """Write what the pipe takes now; a reader that is gone is noticed."""
        while self._fd is not None and self.has_backlog:
            line = self._waiting[0]
            try:
                written = os.write(self._fd, line)
            except BlockingIOError:
                return
            except BrokenPipeError:
                self._broken = True
                return
            self._waiting_bytes -= written
            if written == len(line):
                self._waiting.popleft()
            else:
                self._waiting[0] = line[written:]

    def reader_is_gone(self) -> bool:
        """Whether the reporting process has closed its end or died."""
        if self._fd is None:
            return True
        poll = select.poll()
        poll.register(self._fd, 0)
        return bool(poll.poll(0))  # POLLERR needs no asking (poll(2))

    def close(self) -> None:
        """Close our end, which is how the reader learns that there is no more."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
