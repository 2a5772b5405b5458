"""What the programs read by tests/interpreter share: naming their threads, telling they are ready.

Valid on Python 2.7 and 3.
"""

import ctypes
import json
import sys
import threading

SYS_GETTID = 186  # x86_64
gettid = ctypes.CDLL(None).syscall

threads = {}


def register(name):
    """Note the calling thread's tid and pthread id under a name."""
    get_ident = getattr(threading, "get_ident", None) or threading._get_ident
    threads[name] = (gettid(SYS_GETTID), get_ident())


def callers(frame):
    """What Python itself says of the frames above: [function, file, line], innermost first."""
    found = []
    while frame is not None:
        found.append([frame.f_code.co_name, frame.f_code.co_filename, frame.f_lineno])
        frame = frame.f_back
    return found


def ready(**facts):
    """Print what the test needs; the caller blocks next. ``callers`` are those of the caller."""
    register("main")
    facts.update(threads=threads, callers=callers(sys._getframe(1).f_back))
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()
