"""What this machine allows a tracer to do, each thing tried, and which interpreters it has."""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from eintr_trace import __version__
from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.interpreters import find_interpreters
from eintr_trace.model.python_state import Implementation
from eintr_trace.reports.layout import Tone
from eintr_trace.sources.live import binding
from eintr_trace.sources.live.merged_signals import MergedSignalWatch, MergesUnseenError
from eintr_trace.sources.live.perf_events import CountedBreakpoints, OwnBreakpoint, Watched
from eintr_trace.sources.live.registers import require_supported
from eintr_trace.sources.live.stack_copies import COPIED_BYTES

# include/uapi/linux/capability.h
_CAP_SYS_PTRACE = 19
_CAP_PERFMON = 38
# Up to here everybody may measure user space of what is their own; higher levels are not of the
# kernel's own making (Documentation/admin-guide/sysctl/kernel.rst; Debian's and Ubuntu's patch).
_PARANOID_USER_ONLY = 2
_SCOPES = {
    0: "any process of yours",
    1: "only programs that it launches, unless it has CAP_SYS_PTRACE",
    2: "only with CAP_SYS_PTRACE",
    3: "none: tracing is off until a reboot",
}
"""What Yama's ptrace_scope lets a tracer trace (Documentation/admin-guide/LSM/Yama.rst)."""

_SECCOMP_MODES = {"0": "no filter", "1": "strict mode", "2": "a filter is on"}
"""The Seccomp field of /proc/PID/status (proc_pid_status(5))."""


@dataclass(frozen=True)
class Finding:
    """One line of the answer; ``tone`` says whether it stands in the way."""

    label: str
    text: str
    tone: Tone = Tone.PLAIN


def findings() -> Iterator[Finding]:
    """Yield them one after the other: some take a while."""
    version = platform.python_version()
    yield Finding("eintr-trace", f"{__version__}, run by {sys.executable} ({version})")
    yield _machine()
    yield _launching()
    yield _attaching()
    yield Finding("seccomp", _SECCOMP_MODES.get(_status_field("Seccomp"), "not known"))
    yield Finding("container", _container() or "no sign of one")
    yield _watchpoints()
    yield _decisions()
    yield _tracepoints()
    yield from _interpreters()


def _machine() -> Finding:
    text = f"Linux {platform.release()}, {platform.machine()}"
    try:
        require_supported()
    except EintrTraceError as error:
        return Finding("machine", f"{text}: {error}", Tone.BAD)
    return Finding("machine", text)


def _launching() -> Finding:
    """Try it: seccomp and security modules have no better way to be asked."""
    error = _seize_a_child()
    if error == 0:
        return Finding("launching", "a program that it launches can be traced", Tone.GOOD)
    text = f"ptrace does not work here, not even on a child: {os.strerror(error)}"
    return Finding("launching", f"{text}; a container needs --cap-add=SYS_PTRACE", Tone.BAD)


def _attaching() -> Finding:
    if _is_capable(_CAP_SYS_PTRACE):
        return Finding("attaching", "CAP_SYS_PTRACE is there: any process", Tone.GOOD)
    setting = _read("/proc/sys/kernel/yama/ptrace_scope")
    scope = int(setting or "0")
    why = "no ptrace_scope" if setting is None else f"ptrace_scope is {scope}"
    text = f"no CAP_SYS_PTRACE, {why}: {_SCOPES.get(scope, 'not known')}"
    if scope == 0:
        return Finding("attaching", text, Tone.GOOD)
    return Finding("attaching", f"{text}. Use sudo for -p", Tone.WARN)


def _container() -> str | None:
    """Name what hints at a container; systemd and podman set ``container`` for PID 1."""
    for path, name in (("/.dockerenv", "Docker"), ("/run/.containerenv", "Podman")):
        if Path(path).exists():
            return f"{path} is there: {name}"
    for entry in (_read("/proc/1/environ") or "").split("\0"):
        if entry.startswith("container="):
            return f"PID 1 says {entry}"
    return None


def _watchpoints() -> Finding:
    """Try it: what perf_event_open(2) depends on is more than perf_event_paranoid."""
    level = _read("/proc/sys/kernel/perf_event_paranoid")
    try:
        OwnBreakpoint().close()
    except OSError as error:
        text = (
            "the kernel gives none, so when Python handlers begin is not always seen:"
            f" {error.strerror} (perf_event_paranoid is {level or 'not there'})"
        )
        return Finding("watchpoints", text, Tone.WARN)
    return Finding("watchpoints", "when Python handlers begin can be seen", Tone.GOOD)


def _decisions() -> Finding:
    """Try it, on a function of this very interpreter."""
    function = ctypes.cast(ctypes.pythonapi.PyErr_CheckSignals, ctypes.c_void_p).value or 0
    try:
        CountedBreakpoints(0, (Watched(function, COPIED_BYTES),)).close()
    except OSError as error:
        text = "who decides about EINTR is not observed but inferred, from the calls that follow"
        return Finding("decisions", f"{text}: {error.strerror}. {_remedy(error)}", Tone.WARN)
    return Finding("decisions", "who decides about EINTR is observed, on the C stack", Tone.GOOD)


def _remedy(error: OSError) -> str:
    """What lets perf_event_open(2) set breakpoints."""
    level = int(_read("/proc/sys/kernel/perf_event_paranoid") or "0")
    if error.errno == errno.ENOSPC:
        return "A debugger has all breakpoints of the processor"
    if error.errno not in (errno.EPERM, errno.EACCES):
        return "This machine, perhaps a virtual one, has no hardware breakpoints"
    if level > _PARANOID_USER_ONLY and not _is_capable(_CAP_PERFMON):
        return (
            f"kernel.perf_event_paranoid is {level}: CAP_PERFMON is needed, or"
            f" sysctl kernel.perf_event_paranoid={_PARANOID_USER_ONLY}"
        )
    return "A container needs --cap-add=PERFMON, for its seccomp filter to allow it"


def _tracepoints() -> Finding:
    try:
        MergedSignalWatch(threading.get_native_id()).close()
    except MergesUnseenError as error:
        text = f"which signals merged because of the tracer is not seen: {error.message}"
        if not _is_capable(_CAP_PERFMON):
            text += ". It takes root, or CAP_PERFMON and a tracefs that may be read"
        return Finding("tracepoints", text, Tone.WARN)
    text = "which signals merged because of the tracer can be seen"
    return Finding("tracepoints", text, Tone.GOOD)


def _interpreters() -> Iterator[Finding]:
    label = "interpreters"
    for found in find_interpreters():
        if found.problem is not None:
            yield Finding(label, f"{found.executable}: {found.problem}", Tone.FAINT)
        else:
            half = "" if found.implementation == Implementation.CPYTHON else "; kernel's half only"
            where = f"{found.executable} ({found.found_in.value}{half})"
            yield Finding(label, f"{found.name}: {where}")
        label = ""
    if label:
        yield Finding(label, "none found", Tone.WARN)


def _seize_a_child() -> int:
    """Seize a child of a child, which then ends, so that nothing of it stays; return errno."""
    tracer = os.fork()
    if tracer:
        _, wait_status = os.waitpid(tracer, 0)
        return os.waitstatus_to_exitcode(wait_status)
    failure = 0
    tracee = os.fork()
    if tracee == 0:
        signal.pause()
        os._exit(0)
    try:
        binding.seize(tracee, follow_forks=False)
    except OSError as error:
        failure = error.errno or 1
    os.kill(tracee, signal.SIGKILL)
    os._exit(failure)


def _is_capable(capability: int) -> bool:
    return bool(int(_status_field("CapEff") or "0", 16) >> capability & 1)


def _status_field(name: str) -> str:
    lines = (_read("/proc/self/status") or "").splitlines()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    return fields.get(name, "").strip()


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(errors="surrogateescape").strip()
    except OSError:
        return None
