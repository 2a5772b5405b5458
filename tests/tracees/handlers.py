"""Signal handlers of every kind; then blocked in a C function that restarts after signals."""

import ctypes
import functools
import signal

from known_threads import ready


def function(_signo, _frame):
    pass


class Methods(object):
    def method(self, _signo, _frame):
        pass

    def __call__(self, _signo, _frame):
        pass

    @classmethod
    def of_class(cls, _signo, _frame):
        pass


class Derived(Methods):
    pass


def wrapped(*_arguments):
    pass


signal.signal(signal.SIGUSR1, function)
signal.signal(signal.SIGUSR2, Methods().method)
signal.signal(signal.SIGALRM, functools.partial(wrapped, 1))
signal.signal(signal.SIGVTALRM, Derived())
signal.signal(signal.SIGPROF, lambda *_arguments: None)
signal.signal(signal.SIGURG, Methods.of_class)
signal.signal(signal.SIGPIPE, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.siginterrupt(signal.SIGUSR1, False)
ready()
# The kernel restarts the read; Python code, and with it the handler, runs only afterwards.
ctypes.CDLL(None).read(0, ctypes.create_string_buffer(1), 1)
signal.pause()
