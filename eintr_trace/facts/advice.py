"""Remedies: what a program can do about an interruption, when each helps, and when it cannot."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from eintr_trace.facts.restart_codes import RestartCode, honours_sa_restart


class RemedyId(StrEnum):
    """The remedies, by what is to be done."""

    UPGRADE_PYTHON = "upgrade-python"
    RESTART_IN_KERNEL = "restart-in-kernel"
    RESTART_CANNOT_HELP = "restart-cannot-help"
    SETTIMEOUT_POLLS = "settimeout-polls"
    RETRY_LOOP = "retry-loop"
    RETRY_LOOP_OF_2 = "retry-loop-of-2"
    RETRY_WITH_DEADLINE = "retry-with-deadline"
    CLOSE_CONNECTION = "close-connection"
    HANDLER_MUST_NOT_RAISE = "handler-must-not-raise"
    SLEEP_UNTIL = "sleep-until"
    FIX_EXTENSION = "fix-extension"
    DO_NOT_RETRY_CLOSE = "do-not-retry-close"
    CHECK_CONNECTED = "check-connected"
    USE_SETTIMEOUT = "use-settimeout"
    READ_THE_ANSWER = "read-the-answer"
    COUNT_WHAT_IS_SENT = "count-what-is-sent"
    MAIN_THREAD_TAKES_IT = "main-thread-takes-it"
    DO_NOT_RESTART = "do-not-restart"
    LOCK_WITH_TIMEOUT = "lock-with-timeout"
    THREAD_FOR_SIGNALS = "thread-for-signals"
    BLOCK_SIGNAL = "block-signal"
    CHECK_ERRNO = "check-errno"
    CHECK_FFI_ERRNO = "check-ffi-errno"
    REPEAT_THE_OPERATION = "repeat-the-operation"
    MORE_RECV_RETRIES = "more-recv-retries"
    THRIFT_DOES_NOT_RETRY = "thrift-does-not-retry"


@dataclass(frozen=True)
class Remedy:
    """One remedy: ``applies`` says when, ``text`` what to do, ``citation`` where that is said."""

    id: RemedyId
    applies: str
    text: str
    citation: str


_SIGNAL_MODULE = "https://docs.python.org/3/library/signal.html"

_REMEDIES = (
    Remedy(
        RemedyId.UPGRADE_PYTHON,
        "the function makes the call again in a newer interpreter; ``{since}`` is the first",
        "From Python {since} on, the interpreter makes this call again by itself after the signal "
        "handler has run.",
        "PEP 475, https://peps.python.org/pep-0475/",
    ),
    Remedy(
        RemedyId.RESTART_IN_KERNEL,
        "the call was interrupted with ERESTARTSYS and the handler lacks SA_RESTART",
        "Call signal.siginterrupt(signum, False) after signal.signal(): the kernel then restarts "
        "this call by itself. Every later signal.signal() for that signal takes it back, and the "
        "Python handler runs only when the call returns.",
        f"{_SIGNAL_MODULE}#signal.siginterrupt; sigaction(2), SA_RESTART; seen with strace on "
        "2.7 and 3.6 to 3.13",
    ),
    Remedy(
        RemedyId.RESTART_CANNOT_HELP,
        "the call was interrupted with ERESTARTNOHAND, ERESTART_RESTARTBLOCK or a plain EINTR",
        "signal.siginterrupt(signum, False) cannot help here: after a handler the kernel never "
        "restarts poll, select, epoll_wait, sleeps, or a call on a socket with SO_RCVTIMEO or "
        "SO_SNDTIMEO.",
        "signal(7), Interruption of system calls and library functions by signal handlers",
    ),
    Remedy(
        RemedyId.SETTIMEOUT_POLLS,
        "poll was interrupted, and may have been that of a socket with settimeout()",
        "If this is a socket with settimeout(), Python waits in poll for that reason: without a"
        " timeout it waits in the call itself, which the kernel can restart.",
        "CPython Modules/socketmodule.c internal_select(); signal(7)",
    ),
    Remedy(
        RemedyId.RETRY_LOOP,
        "the call itself raised EINTR and had done nothing yet (3.3 or newer)",
        "Call again as long as the error is EINTR: in a loop, with `except InterruptedError:"
        " continue`. Nothing has been read or written at that point.",
        "signal(7): a call that has transferred some data returns success, not EINTR; PEP 3151",
    ),
    Remedy(
        RemedyId.RETRY_LOOP_OF_2,
        "the call itself raised EINTR and had done nothing yet (2.7)",
        "Call again as long as the error is EINTR: in a loop, try the call, catch the error,"
        " continue if error.args[0] == errno.EINTR, else raise it again (select.error has no"
        " errno). Nothing has been read or written at that point.",
        "signal(7): a call that has transferred some data returns success, not EINTR; "
        "PEP 475, Rationale",
    ),
    Remedy(
        RemedyId.RETRY_WITH_DEADLINE,
        "the call that raised EINTR had a timeout",
        "Take the deadline once, before the first attempt, and retry only for the time that is "
        "left; otherwise every signal makes the wait longer.",
        "PEP 475, Modification of the signal handlers and timeouts: the timeout is recomputed",
    ),
    Remedy(
        RemedyId.CLOSE_CONNECTION,
        "the error went through code that had already read part of a message (Thrift's readAll)",
        "Do not just call again: the bytes read so far are gone and the stream is out of step. "
        "Close the connection, open a new one and send the request again if it may be repeated.",
        "apache/thrift lib/py/src/transport/TTransport.py, TTransportBase.readAll",
    ),
    Remedy(
        RemedyId.HANDLER_MUST_NOT_RAISE,
        "the Python signal handler raised, so the interrupted call was given up",
        "Do not raise in the handler: set a flag or write to a pipe and return; the interrupted "
        "call is then made again. An exception surfaces wherever the program happens to be.",
        f"{_SIGNAL_MODULE}#note-on-signal-handlers-and-exceptions",
    ),
    Remedy(
        RemedyId.SLEEP_UNTIL,
        "time.sleep() came back early (Python older than 3.5)",
        "Sleep in a loop until the time has come: before Python 3.5 a signal ends time.sleep() "
        "without an exception.",
        "https://docs.python.org/3/library/time.html#time.sleep, changed in version 3.5",
    ),
    Remedy(
        RemedyId.FIX_EXTENSION,
        "a C extension or a ctypes call got EINTR",
        "PEP 475 does not cover C code outside CPython: in the extension, on EINTR call "
        "PyErr_CheckSignals() (with the GIL held) and make the call again unless it returns -1.",
        "https://docs.python.org/3/c-api/exceptions.html#c.PyErr_CheckSignals; PEP 475",
    ),
    Remedy(
        RemedyId.DO_NOT_RETRY_CLOSE,
        "close() or dup2() was interrupted",
        "Do not call close() again: Linux has freed the descriptor already, and by now it may be "
        "another thread's file.",
        "close(2), NOTES, Dealing with error returns from close()",
    ),
    Remedy(
        RemedyId.CHECK_CONNECTED,
        "connect() on an AF_UNIX socket was interrupted under Python 3.5 or newer",
        "After connect() on an AF_UNIX socket call getpeername(): where that fails with ENOTCONN, "
        "a signal has ended the connect; call connect() again. A listener with a larger backlog "
        "makes the wait rarer.",
        "CPython Modules/socketmodule.c internal_connect(); getpeername(2); seen on 3.6 to 3.14",
    ),
    Remedy(
        RemedyId.USE_SETTIMEOUT,
        "Python made a call again on a socket with SO_RCVTIMEO or SO_SNDTIMEO",
        "Use settimeout() instead of the socket's own timeout: after a signal Python then waits"
        " only for the time that is left.",
        "PEP 475; CPython Modules/socketmodule.c sock_call_impl(); socket(7), SO_RCVTIMEO",
    ),
    Remedy(
        RemedyId.READ_THE_ANSWER,
        "an answer was not read to its end, and its connection is still used",
        "Before anything else is sent on this connection, read the old answer to its end; where"
        " that is not possible, close it. Send a request again only if doing it twice does no"
        " harm.",
        "tcp(7): a stream keeps no boundaries between messages",
    ),
    Remedy(
        RemedyId.COUNT_WHAT_IS_SENT,
        "sendall() raised and was called again",
        "Call send() in a loop and count what it returns: after an error sendall() does not say"
        " how much it has sent.",
        "https://docs.python.org/3/library/socket.html#socket.socket.sendall",
    ),
    Remedy(
        RemedyId.MAIN_THREAD_TAKES_IT,
        "another thread than the main one took the signal, and the handler was late (3.3 or newer)",
        "Block the signal in all threads but the main one, with signal.pthread_sigmask() before"
        " they are started: the main thread then takes it, and its wait is interrupted. A signal"
        " that is sent to one thread (tgkill, pthread_kill) stays with that thread.",
        f"{_SIGNAL_MODULE}#signals-and-threads; signal(7), Signal mask and pending signals",
    ),
    Remedy(
        RemedyId.DO_NOT_RESTART,
        "the kernel restarted the call and the handler was late (3.5 or newer)",
        "Leave SA_RESTART off (signal.siginterrupt(signum, True), as signal.signal() does by"
        " itself): the call then ends with EINTR, and Python runs the handler and calls again.",
        f"{_SIGNAL_MODULE}#signal.siginterrupt; PEP 475",
    ),
    Remedy(
        RemedyId.LOCK_WITH_TIMEOUT,
        "Python older than 3.2 waited for a lock",
        "Before Python 3.2 waiting for a lock runs no signal handlers. Give join(), Event.wait()"
        " and Queue.get() a timeout, in a loop: Python 2.7 then sleeps and looks in turn, and"
        " handlers run in between.",
        "CPython 2.7 Python/thread_pthread.h PyThread_acquire_lock(), Lib/threading.py"
        " _Condition.wait(); changed in 3.2: threading.Lock.acquire",
    ),
    Remedy(
        RemedyId.THREAD_FOR_SIGNALS,
        "the main thread could not run the handler for a while",
        "To learn of the signal at once whatever the main thread does, let a thread of its own"
        " read from the descriptor of signal.set_wakeup_fd(): CPython's C handler writes to it.",
        f"{_SIGNAL_MODULE}#signal.set_wakeup_fd; CPython Modules/signalmodule.c trip_signal()",
    ),
    Remedy(
        RemedyId.BLOCK_SIGNAL,
        "code that is not CPython's got EINTR (3.3 or newer)",
        "Keep the signal away from this call: block it in the thread that makes it, with"
        " signal.pthread_sigmask(signal.SIG_BLOCK, [signum]), best before any other thread is"
        " started, and take it in a thread of its own with signal.sigwait([signum]) or from a"
        " signalfd(2).",
        f"{_SIGNAL_MODULE}#signal.pthread_sigmask, #signal.sigwait; signalfd(2); signal(7), Signal"
        " mask and pending signals",
    ),
    Remedy(
        RemedyId.CHECK_ERRNO,
        "a function called through ctypes got EINTR",
        "ctypes raises nothing: load the library with ctypes.CDLL(name, use_errno=True), and as"
        " long as the function returns -1 and ctypes.get_errno() is errno.EINTR, call it again,"
        " with what is left of the time.",
        "https://docs.python.org/3/library/ctypes.html#ctypes.get_errno",
    ),
    Remedy(
        RemedyId.CHECK_FFI_ERRNO,
        "a function called through cffi got EINTR",
        "cffi raises nothing: as long as the function returns -1 and ffi.errno is errno.EINTR, call"
        " it again, with what is left of the time.",
        "https://cffi.readthedocs.io/en/latest/ref.html#ffi-errno",
    ),
    Remedy(
        RemedyId.REPEAT_THE_OPERATION,
        "code that is not CPython's gave up an operation and raised an exception of its own",
        "Repeat the whole operation, on a new connection where this one may be out of step, and"
        " only if doing it twice does no harm: how far it had come is not known.",
        "signal(7): EINTR says nothing of what earlier calls of the operation have done",
    ),
    Remedy(
        RemedyId.MORE_RECV_RETRIES,
        "C++ Thrift's TSocket gave up after maxRecvRetries interruptions",
        "Allow C++ Thrift more retries than five: TSocket::setMaxRecvRetries(), on each socket"
        " before it is used. Its timeout begins again with each of them.",
        "apache/thrift lib/cpp/src/thrift/transport/TSocket.cpp v0.24.0 L617-620, L830",
    ),
    Remedy(
        RemedyId.THRIFT_DOES_NOT_RETRY,
        "EINTR went as an exception through Apache Thrift's Python library",
        "A newer Apache Thrift does not help: no release of its Python library up to 0.24.0 calls"
        " again. thriftpy2's TSocket.read does, from 0.4.0 on.",
        "apache/thrift lib/py, tags 0.2.0 to v0.24.0: the word EINTR occurs in no commit;"
        " Thriftpy/thriftpy2 commit 823ab8d",
    ),
)

REMEDIES: Final = MappingProxyType({remedy.id: remedy for remedy in _REMEDIES})


def remedy(remedy_id: RemedyId) -> Remedy:
    """Give one remedy."""
    return REMEDIES[remedy_id]


def retry_loop_remedy(version: tuple[int, ...]) -> Remedy:
    """Give how to call again in Python code of a version."""
    has_interrupted_error = version >= (3, 3)
    return remedy(RemedyId.RETRY_LOOP if has_interrupted_error else RemedyId.RETRY_LOOP_OF_2)


def sa_restart_remedy(code: RestartCode) -> Remedy:
    """Give what there is to say about SA_RESTART for a call interrupted with ``code``."""
    helps = honours_sa_restart(code)
    return remedy(RemedyId.RESTART_IN_KERNEL if helps else RemedyId.RESTART_CANNOT_HELP)
