"""Reading one stopped thread: registers, siginfo, arguments, Python; values, no decisions.

Everything here happens while the thread is held, so it reads no more than an event needs.
"""

from __future__ import annotations

from eintr_trace.model.events import InterruptedCall, Reduction, SignalInfo, Syscall
from eintr_trace.model.python_state import PythonHandler, PythonSnapshot
from eintr_trace.sources.live import binding, proc, siginfo
from eintr_trace.sources.live.call_results import EndedCall, describe_ended_call, read_length
from eintr_trace.sources.live.call_text import describe_call, used_arguments, waited_descriptor
from eintr_trace.sources.live.descriptors import describe_descriptor
from eintr_trace.sources.live.proc import BlockedCall
from eintr_trace.sources.live.registers import RESTART_SYSCALL_NR, StopRegisters
from eintr_trace.sources.live.tracee import Tracee


def syscall_in_brief(tracee: Tracee, nr: int, args: tuple[int, ...]) -> Syscall:
    """A call with its arguments decoded, and nothing looked up for it."""
    name = binding.syscall_name(nr)
    prototype = binding.syscall_prototype(name)
    used = used_arguments(name, args, prototype)
    if nr == RESTART_SYSCALL_NR:
        text = _restart_text(tracee)
    else:
        read = tracee.process.memory.read_some
        tracee.call = BlockedCall(nr, args)
        tracee.length_before = read_length(name, used, read)
        text = describe_call(nr, name, used, read, prototype, None)
    return Syscall(name=name, nr=nr, args=used, text=text)


def ended_call(tracee: Tracee, nr: int, retval: int) -> EndedCall:
    """The call that has come back, with what it gave."""
    call = tracee.call
    if call is None or call.nr != nr:
        return EndedCall(None, None)
    name = binding.syscall_name(nr)
    prototype = binding.syscall_prototype(name)
    used = used_arguments(name, call.args, prototype)
    read = tracee.process.memory.read_some
    return describe_ended_call(
        nr, name, used, retval, read, prototype, length_before=tracee.length_before
    )


def _restart_text(tracee: Tracee) -> str:
    call = tracee.call
    resumed = "system call" if call is None else binding.syscall_name(call.nr)
    return f"restart_syscall(<... resuming interrupted {resumed} ...>)"


def syscall_made(
    tracee: Tracee, nr: int, args: tuple[int, ...], *, with_names: bool = True
) -> Syscall:
    """A call with its arguments decoded, and the descriptor that it is about looked up.

    ``with_names``: the text says what the descriptor refers to.
    """
    if nr != RESTART_SYSCALL_NR:
        tracee.call = BlockedCall(nr, args)
    name = binding.syscall_name(nr)
    prototype = binding.syscall_prototype(name)
    process = tracee.process
    read = process.memory.read_some
    used = used_arguments(name, args, prototype)
    tracee.length_before = read_length(name, used, read)
    fd = waited_descriptor(name, used, read, prototype)
    descriptor = None if fd is None else describe_descriptor(process.tgid, fd)
    shown = descriptor if with_names else None
    text = describe_call(nr, name, used, read, prototype, shown)
    return Syscall(name=name, nr=nr, args=used, text=text, descriptor=descriptor)


def call_in_progress(tracee: Tracee, registers: StopRegisters) -> InterruptedCall | None:
    """The call a signal-delivery-stop, group-stop or trap met."""
    if registers.nr is None:
        return None
    nr, args = registers.nr, registers.args
    if nr == RESTART_SYSCALL_NR and tracee.call is not None:
        nr, args = tracee.call.nr, tracee.call.args
    return InterruptedCall(
        syscall=syscall_made(tracee, nr, args),
        retval=registers.retval,
        ip=registers.ip,
        sp=registers.sp,
    )


def python_state(
    tracee: Tracee, signo: int | None, *, before: PythonSnapshot | None = None
) -> PythonSnapshot | None:
    """The thread's Python side; ``None`` when the process has no readable interpreter.

    ``before`` is the state at the interruption: where its frames have gone, what ended them is
    looked for as well; what is called matters at the interruption itself.
    """
    reader = tracee.process.reader
    if reader is None:
        return None
    outermost = before.frames[-1] if before is not None and before.frames else None
    return reader.snapshot(
        tracee.tid,
        fs_base=tracee.fs_base,
        signo=signo,
        outermost_before=outermost,
        with_callee=before is None,
    )


def agreeing_python_state(tracee: Tracee, signo: int | None) -> PythonSnapshot | None:
    """The same of a running thread: counts only because two reads agree."""
    first = python_state(tracee, signo)
    return first if first is not None and first == python_state(tracee, signo) else None


def signal_sent(tracee: Tracee, fields: siginfo.SiginfoFields) -> SignalInfo:
    """The signal with its sender's name, read while the sender may still be there."""
    command = None
    if fields.pid and _shares_pid_namespace(tracee.process.tgid):
        command = proc.command_name(fields.pid)
    return siginfo.describe(fields, command)


def _shares_pid_namespace(tgid: int) -> bool:
    # si_pid is in the tracee's namespace (pid_namespaces(7)); only there it names a process.
    return proc.pid_namespace(tgid) == proc.pid_namespace("self")


def handler_of(tracee: Tracee, signo: int | None) -> PythonHandler | None:
    """CPython's entry for a signal; ``None`` when there is none to read."""
    reader = tracee.process.reader
    return None if reader is None or signo is None else reader.handler(signo)


def reductions(tracee: Tracee) -> tuple[Reduction, ...]:
    """What the stop would have shown as well, had the tracer not run out of something."""
    short = tracee.process.memory.out_of_descriptors
    return (Reduction.MEMORY_UNREAD,) if short else ()
