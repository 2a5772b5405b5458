"""Handlers that a scenario's program installs; valid on Python 2.7 and 3.x."""

import os
import signal
import time

from scenario_notes import handler_runs, kernel_tid

# include/uapi/asm-generic/signal-defs.h, Linux 6.1
SA_RESTART = 0x10000000
SIG_SETMASK = 2


class HandlerRaised(Exception):
    """What the raising handler raises."""


def note_and_return(signo, frame):  # noqa: ARG001 - the signature is Python's
    """Note that the handler runs, and where."""
    tid = kernel_tid()
    where = "main" if tid == os.getpid() else "worker"
    handler_runs.append({"signo": signo, "at_s": time.time(), "tid": tid, "thread": where})


def note_and_raise(signo, frame):
    """Note that the handler runs, then give up what was going on."""
    note_and_return(signo, frame)
    raise HandlerRaised("the handler gives up")


def install(signo, handler):
    """Install for a signal what ``handler``, one of Handler in dispositions.py, says."""
    if handler in ("c", "c-sa-restart"):
        install_c_handler(signo, SA_RESTART if handler == "c-sa-restart" else 0)
    elif handler != "default":
        signal.signal(signo, PYTHON_HANDLERS[handler])
    if handler == "python-sa-restart":
        signal.siginterrupt(signo, False)


PYTHON_HANDLERS = {
    "python": note_and_return,
    "python-sa-restart": note_and_return,
    "raising": note_and_raise,
    "ignore": signal.SIG_IGN,
}


def install_c_handler(signo, flags):
    """Make abs(3), a C function that takes an int and touches nothing, the handler.

    The C library's own sigaction(3) is called, as by a library: Python knows nothing of it.
    """
    import ctypes  # not every interpreter has it

    class Sigaction(ctypes.Structure):
        """Of glibc on x86_64, bits/sigaction.h."""

        _fields_ = [
            ("sa_handler", ctypes.c_void_p),
            ("sa_mask", ctypes.c_ubyte * 128),
            ("sa_flags", ctypes.c_int),
            ("sa_restorer", ctypes.c_void_p),
        ]

    libc = ctypes.CDLL(None, use_errno=True)
    action = Sigaction(sa_handler=ctypes.cast(libc.abs, ctypes.c_void_p).value, sa_flags=flags)
    if libc.sigaction(signo, ctypes.byref(action), None):
        raise OSError(ctypes.get_errno(), "sigaction")


def block_signals():
    """Block the standard signals for the calling thread, and those that it starts."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
    else:
        set_mask_by_ctypes(255)


def unblock_signals():
    """Take them again."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
    else:
        set_mask_by_ctypes(0)


def set_mask_by_ctypes(each_byte):
    """Set the calling thread's mask; Python 2.7 has no function for it."""
    import ctypes

    mask = (ctypes.c_ubyte * 128)(*[each_byte] * 128)  # sigset_t of glibc
    ctypes.CDLL(None).pthread_sigmask(SIG_SETMASK, ctypes.byref(mask), None)
