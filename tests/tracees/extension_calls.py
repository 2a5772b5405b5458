"""Says ready, makes one call of c_answers.c or through ctypes, says what became of it.

Usage: extension_calls.py FOLDER NAME [worker]. Valid on Python 2.7 and 3; FOLDER holds the
extension module. The call waits for a byte on standard input; with `worker` a thread makes it,
whose tid follows `ready`. The account is one line of JSON: `result` of the call; `errno` of the
exception that came out of it; `again`, how often the call's own C or Python code called again;
`caught`, whether an exception of the extension's own was;
`handled`, how often the Python handler ran; `c_handled`, how often the extension's did.
"""

import ctypes
import errno
import json
import os
import select
import signal
import sys
import threading

sys.path.insert(0, sys.argv[1])
import c_answers  # noqa: E402 - it is where the first argument says

NR_GETTID = 186  # x86_64, asm/unistd_64.h
SIGNAL = signal.SIGUSR1
libc = ctypes.CDLL(None, use_errno=True)
seen = {"result": None, "errno": None, "again": 0, "handled": 0, "tid": None, "caught": False}


class PollFd(ctypes.Structure):
    _fields_ = [("fd", ctypes.c_int), ("events", ctypes.c_short), ("revents", ctypes.c_short)]


polled = PollFd(0, select.POLLIN)


def on_signal(signo, frame):
    seen["handled"] += 1


def retrying():
    seen["again"] = c_answers.wait_retrying(0)
    return "read"


def retrying_with_checks():
    seen["again"] = c_answers.wait_retrying_with_checks(0)
    return "read"


def passing_on():
    return c_answers.wait_passing_on(0)


def raising():
    return c_answers.wait_raising(0)


def raising_its_own():
    try:
        return c_answers.wait_raising_its_own(0)
    except RuntimeError:
        seen["caught"] = True


def asking_once_looping():
    result = c_answers.wait_asking_once(0)
    while result == -1:
        seen["again"] += 1
        result = c_answers.wait_asking_once(0)
    return result


def asking_once_in_one_line():
    while c_answers.wait_asking_once(0) == -1:
        pass
    return 1


def restarting_c_handler():
    c_answers.install_restarting_handler(SIGNAL)
    return c_answers.wait_passing_on(0)


def c_handler():
    c_answers.install_handler(SIGNAL)
    return c_answers.wait_passing_on(0)


def jumped_out_of():
    c_answers.install_jumping_handler(SIGNAL)
    return c_answers.wait_jumped_out_of(0)


def made_code():
    return c_answers.wait_in_made_code(0)


def ctypes_retrying_library():
    seen["again"] = ctypes.CDLL(c_answers.__file__).read_retrying(0)
    return "read"


def ctypes_poll():
    return libc.poll(ctypes.byref(polled), 1, 60000)


def ctypes_poll_checked_raising():
    def check(result, function, arguments):
        if result == -1:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return result

    libc.poll.errcheck = check
    return ctypes_poll()


def ctypes_poll_looping():
    result = ctypes_poll()
    while result == -1 and ctypes.get_errno() == errno.EINTR:
        seen["again"] += 1
        result = ctypes_poll()
    return result


def ctypes_poll_checked_looping():
    libc.poll.errcheck = checked = lambda result, function, arguments: (
        (ctypes.get_errno() and -ctypes.get_errno()) if result == -1 else result
    )
    result = ctypes_poll()
    while result == -errno.EINTR:
        seen["again"] += 1
        result = ctypes_poll()
    assert libc.poll.errcheck is checked
    return result


def make_the_call():
    seen["tid"] = libc.syscall(NR_GETTID)
    print("ready %d" % seen["tid"])
    sys.stdout.flush()
    try:
        seen["result"] = globals()[sys.argv[2]]()
    except EnvironmentError as error:
        os.getppid()  # a call while the exception is there: a tracer can see it
        seen["errno"] = error.errno


signal.signal(SIGNAL, on_signal)
if sys.argv[3:] == ["worker"]:
    worker = threading.Thread(target=make_the_call)
    worker.start()
    worker.join()
else:
    make_the_call()
seen["c_handled"] = c_answers.handled_count()
print(json.dumps(seen))
