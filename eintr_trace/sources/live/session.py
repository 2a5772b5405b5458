"""A live trace from attach to detach: the tracer here, the report in a child behind a pipe.

ptrace's tie is between threads: the kernel detaches every tracee, untouched and without a
stop, when the tracing *thread* ends. So the tracer is a thread of its own whose end is the
detach, and the main thread only waits: for it, and then for the report to be written out.
"""

from __future__ import annotations

import os
import platform
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from eintr_trace import __version__
from eintr_trace.model.events import EndReason, ThreadOrigin, TraceEnded
from eintr_trace.model.trace import TraceHeader, TraceMode, TraceSource
from eintr_trace.sources.live import attach, launch
from eintr_trace.sources.live.outlet import Outlet
from eintr_trace.sources.live.registers import SUPPORTED_MACHINE, require_supported
from eintr_trace.sources.live.roster import Roster
from eintr_trace.sources.live.tracee import TracedProcess
from eintr_trace.sources.live.tracer import Tracer
from eintr_trace.sources.live.wait_loop import WAITED_SIGNALS, WaitLoop

_BACKLOG_RETRY_NS = 10_000_000
_DETACH_POLL_S = 0.0005


@dataclass(frozen=True)
class LiveOptions:
    """What to trace and until when; ``signals`` limits which are looked at (None: all)."""

    pids: tuple[int, ...]
    command: tuple[str, ...] = ()
    follow_forks: bool = False
    duration_s: float | None = None
    count: int | None = None
    signals: frozenset[int] | None = None


@dataclass(frozen=True)
class LiveResult:
    """How it ended: the launched command's status as a shell has it, and the report's."""

    command_status: int | None
    report_status: int


def run_live(options: LiveOptions, consume: Callable[[BinaryIO], int]) -> LiveResult:
    """Trace until the end; ``consume`` runs in a child and returns its exit status.

    It gets the recording as a stream. Raises AttachError, LaunchError, EintrTraceError; every
    process is then as it was.
    """
    require_supported()
    tgids = tuple(dict.fromkeys(attach.process_of(pid) for pid in options.pids))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, WAITED_SIGNALS)
    try:
        reporter, write_fd = _start_reporter(consume, before)
        command = launch.prepare(options.command, before) if options.command else None
        outlet = Outlet(write_fd)
        tracing = Tracing(options, tgids, command, outlet)
        tracing.run_in_thread()
        outlet.close()
        _, wait_status = os.waitpid(reporter, 0)
        tracing.raise_failure()
        if command is not None:
            command.close()
        return LiveResult(tracing.command_status, os.waitstatus_to_exitcode(wait_status))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_reporter(
    consume: Callable[[BinaryIO], int], mask: set[int | signal.Signals]
) -> tuple[int, int]:
    """The reporting child, and the write end of the pipe it reads from."""
    read_fd, write_fd = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        os.close(read_fd)
        return pid, write_fd
    os.close(write_fd)
    # The tracer ends the trace; the report is then still to be written.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    status = 1
    try:
        with os.fdopen(read_fd, "rb") as stream:
            # Nothing at all: attaching failed, which the parent tells.
            status = consume(stream) if stream.peek(1) else 0
        sys.stdout.flush()
    except BrokenPipeError:
        status = 0  # whoever read our output has seen enough
    finally:
        os._exit(status)


class Tracing:
    """The tracer thread: attaches, serves stops until the end, and detaches by ending."""

    def __init__(
        self,
        options: LiveOptions,
        tgids: tuple[int, ...],
        command: launch.LaunchedCommand | None,
        outlet: Outlet,
    ) -> None:
        self._options = options
        self._tgids = tgids
        self._command = command
        self._outlet = outlet
        self._roster = Roster(outlet.emit)
        self._tracer = Tracer(self._roster, outlet.emit, options.signals)
        self._loop = WaitLoop(lambda: self._roster.tracees, self._tracer.serve)
        self._failure: BaseException | None = None
        self._native_id: int | None = None

    def run_in_thread(self) -> None:
        """Trace until the end and until the kernel has detached everything."""
        thread = threading.Thread(target=self._run, name="tracer")
        thread.start()
        thread.join()
        # Python's thread is over before the kernel's, whose exit is the detach.
        while self._native_id and Path(f"/proc/self/task/{self._native_id}").exists():
            time.sleep(_DETACH_POLL_S)

    def raise_failure(self) -> None:
        """Raise what ended the tracer thread, if anything did."""
        if self._failure is not None:
            raise self._failure

    @property
    def command_status(self) -> int | None:
        """The launched command's exit status as a shell has it; ``None`` without a command."""
        if self._command is None:
            return None
        return self._tracer.lifecycle.exit_statuses.get(self._command.pid)

    def _run(self) -> None:
        self._native_id = threading.get_native_id()
        try:
            self._attach()
            self._trace()
        except BaseException as error:  # carried to the main thread, raised there
            self._failure = error

    def _attach(self) -> None:
        """Everything slow (reading symbols) comes before the first thread is seized."""
        processes = [TracedProcess(tgid) for tgid in self._tgids]
        for process in processes:
            process.find_interpreter()
        follow_forks = self._options.follow_forks
        seized = [(p, attach.seize_process(p.tgid, follow_forks=follow_forks)) for p in processes]
        self._outlet.header(_header())
        for process, tids in seized:
            self._roster.add_process(process, ThreadOrigin.SEIZED)
            self._roster.add_threads(process, tids, ThreadOrigin.SEIZED)
            _say_attached(process, len(tids))
        if self._command is not None:
            self._attach_command(self._command)

    def _attach_command(self, command: launch.LaunchedCommand) -> None:
        process = TracedProcess(command.pid)
        (tid,) = attach.seize_process(command.pid, follow_forks=self._options.follow_forks)
        self._roster.add_untold(process, tid)
        command.open_gate()

    # The loop

    def _trace(self) -> None:
        end_ns = None
        if self._options.duration_s is not None:
            end_ns = time.monotonic_ns() + int(self._options.duration_s * 1e9)
        reason = None
        while reason is None:
            self._loop.drain()
            now_ns = time.monotonic_ns()
            self._tracer.look_at_quiet(now_ns)
            self._roster.search_interpreters(now_ns)
            self._outlet.flush()
            reason = self._end_reason(now_ns, end_ns)
            if reason is None and self._asked_to_end(self._loop.sleep(self._wake_ns(end_ns))):
                reason = EndReason.DETACHED
        self._tracer.finish()
        self._outlet.emit(
            TraceEnded(
                time.monotonic_ns(),
                0,
                0,
                reason,
                deliveries=self._tracer.deliveries_seen,
                passed=self._tracer.deliveries_passed,
                lost=self._outlet.lost,
            )
        )

    def _end_reason(self, now_ns: int, end_ns: int | None) -> EndReason | None:
        if not self._roster.tracees:
            return EndReason.TRACEES_GONE
        if end_ns is not None and now_ns >= end_ns:
            return EndReason.DURATION
        count = self._options.count
        if count is not None and self._tracer.episodes_decided >= count:
            return EndReason.COUNT
        return EndReason.DETACHED if self._outlet.reader_is_gone() else None

    def _asked_to_end(self, signo: int | None) -> bool:
        """Ctrl-C with a launched command is for the command, which is traced to its end."""
        if signo is None:
            return False
        return signo != signal.SIGINT or self._command is None

    def _wake_ns(self, end_ns: int | None) -> int | None:
        """When to wake even if nothing stops."""
        wake = [end_ns, self._roster.next_search_ns(), self._tracer.next_quiet_ns()]
        if self._outlet.has_backlog:
            wake.append(time.monotonic_ns() + _BACKLOG_RETRY_NS)
        return min((at for at in wake if at is not None), default=None)


def _header() -> TraceHeader:
    return TraceHeader(
        source=TraceSource.LIVE,
        mode=TraceMode.SIGNAL_ARMED,
        arch=SUPPORTED_MACHINE,
        kernel=platform.release(),
        realtime_anchor_ns=time.time_ns(),
        monotonic_anchor_ns=time.monotonic_ns(),
        tool_version=__version__,
    )


def _say_attached(process: TracedProcess, threads: int) -> None:
    reader = process.reader
    what = f"{reader.interpreter.implementation} {reader.interpreter.version}" if reader else None
    what = what or f"no Python side: {process.problem}"
    noun = "thread" if threads == 1 else "threads"
    print(
        f"eintr-trace: attached to {process.tgid} ({threads} {noun}, {what})",
        file=sys.stderr,
        flush=True,
    )
