"""Signal-delivery-stops: which are looked at, which are passed on at once, what they show."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from eintr_trace.facts.restart_codes import restart_code_name
from eintr_trace.facts.signals import KERNEL_SIGRTMIN, signal_name
from eintr_trace.interpreter.errors import MemoryUnreadableError
from eintr_trace.model.delivery import MergedSignals
from eintr_trace.model.events import (
    DeliveryPassed,
    Disposition,
    InterruptedCall,
    SignalDelivered,
)
from eintr_trace.sources.live import binding, observe, proc, siginfo
from eintr_trace.sources.live.emit import Emit, Told
from eintr_trace.sources.live.merged_signals import MergedSignalWatch
from eintr_trace.sources.live.registers import (
    SYSCALL_INSTRUCTION_BYTES,
    StopRegisters,
    read_registers,
    saved_frame_at,
)
from eintr_trace.sources.live.roster import Roster
from eintr_trace.sources.live.siginfo import THREAD_DIRECTED, SiginfoFields
from eintr_trace.sources.live.tracee import LastDelivery, Moment, Tracee

# A main thread that does not block the signal is passed over for next to nothing else than our
# hold; but the thread chosen instead may be seen only so long after, on a busy machine: up to
# 2 ms were measured with three processes on two CPUs.
_JUST_RELEASED_NS = 10_000_000
_TOLD_PASSED_EVERY_NS = 500_000_000


@dataclass(frozen=True)
class Glance:
    """What is noted of a delivery that is not told: a C handler runs, a call was interrupted."""

    runs_handler: bool
    interrupts: bool


class Deliveries:
    """Looks at deliveries and counts them; ``signals`` limits which are looked at."""

    def __init__(self, roster: Roster, emit: Emit, signals: frozenset[int] | None) -> None:
        self._roster = roster
        self._emit = emit
        self._signals = signals
        self.merges: MergedSignalWatch | None = None
        self.seen = 0
        self.passed = 0

    def asked_for(self, signo: int) -> bool:
        """Whether deliveries of this signal are to be looked at."""
        return self._signals is None or signo in self._signals

    def glance(self, tracee: Tracee, signo: int) -> Glance:
        """Note a delivery that is not asked for, or passed on while the thread is followed.

        A delivery on top of it, before user mode, would otherwise not be known as nested.
        """
        masks = proc.signal_masks(tracee.tid)
        runs_handler = masks is not None and masks.disposition(signo) is Disposition.CAUGHT
        registers = read_registers(tracee.tid)
        in_call = registers.nr is not None and not self._is_nested(tracee, registers)
        if runs_handler and in_call and registers.nr is not None:
            tracee.last_delivery = LastDelivery(registers.nr, registers.sp, registers.ip)
        return Glance(runs_handler, in_call and restart_code_name(registers.retval) is not None)

    def count_passed(self, tracee: Tracee, signo: int, now_ns: int) -> None:
        """A delivery was passed on unread; told in sums, so that telling costs nothing."""
        self.seen += 1
        self.passed += 1
        if not tracee.passed:
            tracee.passed_since_ns = now_ns
        tracee.passed[signo] += 1
        self.read_merges()
        for for_one_thread in (False, True):
            merged = self._merged(tracee, signo, for_one_thread=for_one_thread)
            if merged is not None:
                tracee.passed_merged[signo] += merged.while_held
        if now_ns - tracee.passed_since_ns > _TOLD_PASSED_EVERY_NS:
            self.tell_passed(tracee)

    def tell_passed(self, tracee: Tracee) -> None:
        """Tell the sums of what was passed on since last told."""
        now_ns = time.monotonic_ns()
        for signo, count in tracee.passed.items():
            self._emit(
                DeliveryPassed(
                    now_ns,
                    tracee.process.tgid,
                    tracee.tid,
                    signo,
                    signal_name(signo),
                    count,
                    tracee.passed_since_ns,
                    tracee.passed_merged[signo],
                )
            )
        tracee.passed.clear()
        tracee.passed_merged.clear()

    def look(self, tracee: Tracee, signo: int, now_ns: int, wait_round: int) -> SignalDelivered:
        """All that the stop shows; raises ProcessLookupError when the thread is gone."""
        self.seen += 1
        registers = read_registers(tracee.tid)
        tracee.fs_base = registers.fs_base
        fields = siginfo.parse(binding.signal_information(tracee.tid))
        nested = self._is_nested(tracee, registers)
        call = None if nested else observe.call_in_progress(tracee, registers)
        python = observe.python_state(tracee, signo)
        masks = proc.signal_masks(tracee.tid)  # late in the stop, for what is pending by now
        disposition = None if masks is None else masks.disposition(signo)
        if masks is not None and not nested and not tracee.following.is_in_handler:
            tracee.own_mask = masks.blocked
        again = masks is not None and masks.is_pending(signo)
        self._remember(tracee, call, registers, disposition)
        woken, tracee.woken = tracee.woken or Moment(wait_round, now_ns), None
        return SignalDelivered(
            now_ns,
            tracee.process.tgid,
            tracee.tid,
            signal=observe.signal_sent(tracee, fields),
            disposition=disposition,
            call=call,
            before_user_mode=nested,
            handler_address=registers.ip if nested else None,
            python=python,
            rerouted_from=self._rerouted_from(tracee, fields, woken),
            reduced=observe.reductions(tracee),
            pending_again=again if self.merges is None and signo < KERNEL_SIGRTMIN else None,
        )

    def tell(self, tracee: Tracee, event: SignalDelivered, *with_it: Told) -> None:
        """Send the event and what belongs to it, after what was passed on before it."""
        if tracee.passed:
            self.tell_passed(tracee)
        for_one_thread = event.signal.code == THREAD_DIRECTED
        self.read_merges()
        merged = self._merged(tracee, event.signal.signo, for_one_thread=for_one_thread)
        self._emit(replace(event, merged=merged), *with_it)

    def forget(self, tracee: Tracee) -> None:
        """A thread has ended, and with a main thread its process."""
        if self.merges is not None:
            self.merges.forget(tracee.tid)

    def read_merges(self) -> None:
        """Make room for what the kernel tells of signals that merge."""
        if self.merges is not None:
            self.merges.read(self._roster)

    def _merged(self, tracee: Tracee, signo: int, *, for_one_thread: bool) -> MergedSignals | None:
        """What merged into the delivery that the thread was just resumed from."""
        if self.merges is None:
            return None
        return self.merges.taken(tracee, signo, for_one_thread=for_one_thread)

    @staticmethod
    def _remember(
        tracee: Tracee,
        call: InterruptedCall | None,
        registers: StopRegisters,
        disposition: Disposition | None,
    ) -> None:
        if call is not None and call.syscall.nr is not None and disposition is Disposition.CAUGHT:
            tracee.last_delivery = LastDelivery(call.syscall.nr, registers.sp, registers.ip)

    @staticmethod
    def _is_nested(tracee: Tracee, registers: StopRegisters) -> bool:
        """A second delivery before user mode shows the first handler's entry, not the call.

        rax is 0 then, rsp is the first signal's frame, and that frame holds the call's rip
        (arch/x86/kernel/signal.c, setup_rt_frame).
        """
        last = tracee.last_delivery
        if last is None or registers.nr != last.nr or registers.retval != 0:
            return False
        if registers.sp >= last.sp or registers.ip == last.ip:
            return False
        try:
            frame = saved_frame_at(registers.sp, tracee.process.memory.read)
        except MemoryUnreadableError:
            return False
        call_site = (last.ip, last.ip - SYSCALL_INSTRUCTION_BYTES)
        return frame.ip in call_site or frame.retval == 0

    def _rerouted_from(self, tracee: Tracee, fields: SiginfoFields, woken: Moment) -> int | None:
        """The main thread, if the kernel passed it over only because we held it.

        complete_signal() (kernel/signal.c) prefers the main thread unless it blocks the
        signal or is stopped by its tracer. It was, if we have held it since the wait loop last
        slept, or until just now: this thread's stop was there already.
        """
        process = tracee.process
        if tracee.tid == process.tgid or fields.for_one_thread:
            return None
        main = self._roster.tracees.get(process.tgid)
        if main is None:
            return None
        masks = proc.signal_masks(main.tid)
        if masks is None:
            return None
        just_held = (
            masks.traced_stop  # not served yet: this thread's stop was found first
            or main.held_in_round >= woken.wait_round
            or woken.time_ns - main.released_ns < _JUST_RELEASED_NS
        )
        if not just_held:
            return None
        # A handler blocks its own signal; that it still runs is then owed to our stops in it.
        by_handler = main.following.is_in_handler_of(fields.signo)
        return main.tid if by_handler or not masks.blocks(fields.signo) else None
