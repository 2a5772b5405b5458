"""The siginfo_t of a signal-delivery-stop, as a value."""

from __future__ import annotations

import signal
import struct
from dataclasses import dataclass

from eintr_trace.facts.signals import signal_code_name, signal_name
from eintr_trace.model.events import SignalInfo

# siginfo_t on 64-bit Linux: si_signo, si_errno, si_code, padding, then for signals sent by a
# process and for SIGCHLD: si_pid, si_uid; for SIGCHLD also si_status,
# si_utime and si_stime (uapi asm-generic/siginfo.h).
_LAYOUT = struct.Struct("<iii4xiIi4xqq")
_SI_USER = 0
_SI_QUEUE = -1
_SI_MESGQ = -3
_SI_TKILL = -6
THREAD_DIRECTED = "SI_TKILL"  # the code's name in an event
_SENT_BY_A_PROCESS = frozenset({_SI_USER, _SI_QUEUE, _SI_MESGQ, _SI_TKILL})


@dataclass(frozen=True)
class SiginfoFields:
    """The fields that matter here; those from ``pid`` on only where this kind has them."""

    signo: int
    code: int
    pid: int | None
    uid: int | None
    status: int | None = None
    user_ticks: int | None = None
    system_ticks: int | None = None

    @property
    def for_one_thread(self) -> bool:
        """Sent by tgkill(2) to this very thread, so the kernel had no choice of thread."""
        return self.code == _SI_TKILL


def parse(data: bytes) -> SiginfoFields:
    """The fields of 128 bytes of siginfo_t."""
    signo, _errno, code, pid, uid, status, user, system = _LAYOUT.unpack_from(data)
    if signo == signal.SIGCHLD and code > 0:
        return SiginfoFields(signo, code, pid, uid, status, user, system)
    has_sender = code in _SENT_BY_A_PROCESS
    return SiginfoFields(signo, code, pid if has_sender else None, uid if has_sender else None)


def describe(fields: SiginfoFields, sender_command: str | None) -> SignalInfo:
    """The value for an event."""
    return SignalInfo(
        signo=fields.signo,
        name=signal_name(fields.signo),
        code=signal_code_name(fields.signo, fields.code),
        sender_pid=fields.pid,
        sender_uid=fields.uid,
        sender_command=sender_command,
        child_status=fields.status,
        child_user_ticks=fields.user_ticks,
        child_system_ticks=fields.system_ticks,
    )
