"""The tracing thread: attaches, serves stops until the end, and detaches by ending.

ptrace's tie is between threads: the kernel detaches every tracee, untouched and without a
stop, when the tracing *thread* ends. So the tracer is a thread of its own whose end is the
detach, and the main thread only waits for it.
"""

from __future__ import annotations

import gc
import os
import platform
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from eintr_trace import __version__
from eintr_trace.model.events import EndReason, ThreadOrigin, TraceEnded, Warned
from eintr_trace.model.trace import TraceHeader, TraceMode, TraceSource
from eintr_trace.sources.live.at_risk import warn_of_threads_at_risk
from eintr_trace.sources.live.attach import Attachment
from eintr_trace.sources.live.launch import LaunchedCommand
from eintr_trace.sources.live.merged_signals import MergedSignalWatch, MergesUnseenError
from eintr_trace.sources.live.options import LiveOptions
from eintr_trace.sources.live.outlet import Outlet
from eintr_trace.sources.live.own_signals import END_SIGNALS, TERMINAL_END_SIGNALS
from eintr_trace.sources.live.registers import SUPPORTED_MACHINE
from eintr_trace.sources.live.roster import Roster
from eintr_trace.sources.live.tracee import TracedProcess
from eintr_trace.sources.live.tracer import Tracer
from eintr_trace.sources.live.wait_loop import WaitLoop

_ATTACH_POLL_S = 0.02
_DETACH_POLL_S = 0.0005
_THREADS_TOLD_AT_ONCE = 32  # between two looks at what has stopped meanwhile


class Tracing:
    """One trace; made and waited for by the main thread.

    ``asked_to_end``: an end signal has ended it, not the programs, the time or the count.
    """

    def __init__(
        self,
        options: LiveOptions,
        tgids: tuple[int, ...],
        command: LaunchedCommand | None,
        outlet: Outlet,
    ) -> None:
        self._options = options
        self._tgids = tgids
        self._command = command
        self._outlet = outlet
        self._roster = Roster(outlet.emit, follow_forks=options.follow_forks)
        self._tracer = Tracer(
            self._roster,
            outlet.emit,
            options.signals,
            step_ns=options.step_ns,
            every_syscall=options.every_syscall,
        )
        self._loop = WaitLoop(lambda: self._roster.tracees, self._tracer.serve)
        self._attachment = Attachment(follow_forks=options.follow_forks)
        self._attached = threading.Event()
        self._announcements: list[str] = []
        self.asked_to_end = False
        self._suspend_wanted = False
        self._failure: BaseException | None = None
        self._native_id: int | None = None
        self._merges: MergedSignalWatch | None = None
        self._ended_fd = os.eventfd(0)

    def run_in_thread(self) -> None:
        """Trace until the end and until the kernel has detached everything."""
        thread = threading.Thread(target=self._run, name="tracer")
        thread.start()
        while not self._attached.wait(_ATTACH_POLL_S) and thread.is_alive():
            self._attachment.reap_ended()
        # Said here: a terminal that takes nothing (Ctrl-S) must not hold the tracer.
        for line in self._announcements:
            print(line, file=sys.stderr, flush=True)
        if self._merges is not None:
            self._merges.wake_tracer(thread, self._ended_fd)
        thread.join()
        os.close(self._ended_fd)
        # Python's thread is over before the kernel's, whose exit is the detach.
        while self._native_id and Path(f"/proc/self/task/{self._native_id}").exists():
            time.sleep(_DETACH_POLL_S)

    def close(self) -> None:
        """Give back what takes long, once all is told and the program has gone on."""
        if self._merges is not None:
            self._merges.close()

    def raise_failure(self) -> None:
        """Raise what ended the tracing thread, if anything did."""
        if self._failure is not None:
            raise self._failure

    @property
    def command_status(self) -> int | None:
        """The launched command's exit status as a shell has it, if it ended under the trace."""
        return self._roster.command_status

    def _run(self) -> None:
        self._native_id = threading.get_native_id()
        try:
            self._attach()
            self._trace()
        except BaseException as error:  # carried to the main thread, raised there
            self._failure = error
        finally:
            os.eventfd_write(self._ended_fd, 1)

    # Attaching

    def _attach(self) -> None:
        """All that is slow comes first; from the first seize on, stops may be waiting."""
        processes = [TracedProcess(tgid) for tgid in self._tgids]
        for process in processes:
            process.find_interpreter()
        warnings = [(p.tgid, warn_of_threads_at_risk(p.tgid, p.reader)) for p in processes]
        if self._options.merged_signals:
            self._watch_merges()
        header = _header(every_syscall=self._options.every_syscall)
        self._outlet.prepare(header)
        self._tracer.prepare()
        # A full collection takes 6 ms, which a stop would last longer; what there is by now stays.
        gc.collect()
        gc.freeze()
        # Now, for a process that its first signal may end.
        code = [process.code.news(time.monotonic_ns()) for process in processes]
        seized = [(p, self._attachment.seize_process(p.tgid)) for p in processes]
        if self._command is not None:
            self._attachment.seize_process(self._command.pid)
        self._attachment.all_seized = True
        self._outlet.header(header)
        for process, tids in seized:
            self._roster.add_process(process, ThreadOrigin.SEIZED)
            self._roster.add_seized(process, tids, self._attachment.born_traced)
        for mapped in filter(None, code):
            self._outlet.emit(mapped)
        self._tell_threads()
        if self._options.every_syscall:
            self._tracer.stop_each()
        if self._command is not None:
            self._roster.add_command(TracedProcess(self._command.pid))
            self._command.open_gate()
        self._announcements = [_attached_to(process, len(tids)) for process, tids in seized]
        self._warn(warnings)
        self._attached.set()

    def _tell_threads(self) -> None:
        for number, tracee in enumerate(list(self._roster.tracees.values())):
            self._roster.tell_thread(tracee, ThreadOrigin.SEIZED)
            if number % _THREADS_TOLD_AT_ONCE == 0:
                self._loop.drain()

    def _watch_merges(self) -> None:
        """Have the kernel tell of merged signals from now on.

        Where it is not permitted, the episodes concerned say that more may have merged.
        """
        with suppress(MergesUnseenError):
            self._merges = MergedSignalWatch(threading.get_native_id())
            self._tracer.watch_merges(self._merges)

    def _warn(self, warnings: list[tuple[int, str | None]]) -> None:
        """Say what was found before attaching, in the recording and on the terminal."""
        for tgid, text in warnings:
            if text is not None:
                self._outlet.emit(Warned(time.monotonic_ns(), tgid, 0, text))
                self._announcements.append(f"eintr-trace: warning: {text}")

    # The loop

    def _trace(self) -> None:
        end_ns = None
        if self._options.duration_s is not None:
            end_ns = time.monotonic_ns() + int(self._options.duration_s * 1e9)
        reason = None
        while reason is None:
            self._loop.drain()
            self._tracer.read_merges()
            now_ns = time.monotonic_ns()
            self._tracer.look_at_quiet(now_ns)
            self._roster.search_interpreters(now_ns)
            self._outlet.tell(stop_expected=self._tracer.expects_stop)
            self._suspend_if_wanted()
            reason = self._end_reason(now_ns, end_ns)
            if reason is None and self._is_to_end(self._loop.sleep(self._wake_ns(end_ns))):
                self.asked_to_end = True
                reason = EndReason.DETACHED
        self._tracer.finish()
        self._warn_of_lost_merges()
        self._outlet.flush()  # first, to know how much was lost
        self._outlet.emit_last(
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

    def _warn_of_lost_merges(self) -> None:
        lost = 0 if self._merges is None else self._merges.lost
        if lost:
            text = f"{lost} samples of the kernel did not fit in: merged signals may be missing"
            self._outlet.emit(Warned(time.monotonic_ns(), 0, 0, text))

    def _end_reason(self, now_ns: int, end_ns: int | None) -> EndReason | None:
        # A thread that was not seized yet may have executed another program and so replaced
        # all that were: their ends are not told.
        if not self._roster.tracees or self._loop.nothing_left:
            return EndReason.TRACEES_GONE
        if end_ns is not None and now_ns >= end_ns:
            return EndReason.DURATION
        count = self._options.count
        if count is not None and self._tracer.deliveries_decided >= count:
            return EndReason.COUNT
        return EndReason.DETACHED if self._outlet.reader_is_gone() else None

    def _is_to_end(self, signo: int | None) -> bool:
        """Ctrl-C, Ctrl-Z and SIGQUIT with a launched command are for the command."""
        if signo == signal.SIGTSTP:
            self._suspend_wanted = self._command is not None
            return False
        if signo in TERMINAL_END_SIGNALS and self._command is not None:
            return False
        return signo in END_SIGNALS

    def _suspend_if_wanted(self) -> None:
        """Ctrl-Z: stop once the command has stopped, so that the shell has its prompt again."""
        if self._suspend_wanted and all(t.stopped_by for t in self._roster.tracees.values()):
            self._suspend_wanted = False
            os.kill(os.getpid(), signal.SIGSTOP)

    def _wake_ns(self, end_ns: int | None) -> int | None:
        """When to wake even if nothing stops."""
        wake = [
            end_ns,
            self._roster.next_search_ns(),
            self._tracer.next_quiet_ns(),
            self._outlet.next_tell_ns(),
        ]
        return min((at for at in wake if at is not None), default=None)


def _header(*, every_syscall: bool) -> TraceHeader:
    return TraceHeader(
        source=TraceSource.LIVE,
        mode=TraceMode.EVERY_SYSCALL if every_syscall else TraceMode.SIGNAL_ARMED,
        arch=SUPPORTED_MACHINE,
        kernel=platform.release(),
        realtime_anchor_ns=time.time_ns(),
        monotonic_anchor_ns=time.monotonic_ns(),
        tool_version=__version__,
    )


def _attached_to(process: TracedProcess, threads: int) -> str:
    if process.reader is None:
        what = f"no Python side: {process.problem}"
    else:
        what = process.reader.interpreter.name
    noun = "thread" if threads == 1 else "threads"
    return f"eintr-trace: attached to {process.tgid} ({threads} {noun}, {what})"
