"""Makes one blocking call of the matrix and says what happened: ``scenario.py CASE.json``.

Valid on Python 2.7 and 3.x. Prints lines of JSON: that it is ready, before it waits to be told to
start; the exception that it caught, if there is one; its account of the call.
"""

from __future__ import print_function

import errno
import json
import os
import platform
import signal
import sys
import threading
import time

from scenario_notes import eintr_caught, handler_runs, kernel_tid
from scenario_peer import fork_guard, fork_peer
from scenario_signals import block_signals, install

MOST_SAID = 200  # characters of a result


def main():
    """Set everything up, make the call, tell."""
    with open(sys.argv[1]) as stream:
        spec = json.load(stream)
    own_process_group()
    fork_guard(spec["limit_s"])
    account_to = os.dup(1)  # the scenario may put a terminal in the place of 1
    case = load(spec["source"])
    if spec["released_by"] == "peer":
        fork_peer(spec["go"], case["release"])
    disposition = spec["disposition"]
    for signo in disposition["signals"]:
        install(signo, disposition["handler"])
    case["start_threads"]()
    if spec["released_by"] == "thread":
        release_by_thread(spec["go"], case["release"])
    if disposition["thread"] == "worker":
        accounts = []
        worker = threading.Thread(target=lambda: accounts.append(run(spec, case, account_to)))
        worker.start()
        worker.join()
        (account,) = accounts
    else:
        account = run(spec, case, account_to)
    say(account_to, account)
    # Not sys.exit: threads and children that the call has left behind must not hold the end up.
    os._exit(0)


def own_process_group():
    """Lead a process group, so that the guard can end all processes of the program at once."""
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)


def load(path):
    """Run the scenario's file; return its names."""
    with open(path) as stream:
        source = stream.read()
    names = {"__name__": "case", "__file__": path}
    exec(compile(source, path, "exec"), names)
    return names


def release_by_thread(go, release):
    """Start the thread that lets the call finish when told."""
    blocks = threading.Event()

    def wait_and_release():
        block_signals()
        descriptor = os.open(go, os.O_RDWR)
        blocks.set()
        os.read(descriptor, 1)
        release()

    thread = threading.Thread(target=wait_and_release)
    thread.daemon = True
    thread.start()
    blocks.wait()


def run(spec, case, account_to):
    """Say ready, wait for the start, make the call; return the account."""
    start = os.open(spec["start"], os.O_RDWR)
    say(account_to, {"ready": os.getpid(), "tid": kernel_tid()})
    os.read(start, 1)
    timer_s = spec["disposition"]["timer_s"]
    if timer_s is not None:
        signal.setitimer(signal.ITIMER_REAL, timer_s, timer_s)
    began_s = time.time()
    result, exception = attempt(case["call"], account_to)
    ended_s = time.time()
    if timer_s is not None:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return {
        "result": "returned" if exception is None else "raised",
        "exception": described(exception),
        "value": repr(result)[:MOST_SAID],
        "bytes": byte_count(result) if spec["counts_bytes"] and exception is None else None,
        "elapsed_s": ended_s - began_s,
        "began_s": began_s,
        "ended_s": ended_s,
        "handlers": handler_runs,
        "eintr_caught": len(eintr_caught),
        "python": platform.python_version(),
    }


def attempt(call, log_to):
    """Make the call; return its result and the exception that came out of it."""
    try:
        return call(), None
    except BaseException as error:
        say(log_to, {"caught": type(error).__name__})  # as a program does that logs
        return None, error


def described(exception):
    """What is said of an exception: its type, errno, message, and the one it came from."""
    if exception is None:
        return None
    return {
        "type": type(exception).__name__,
        "module": type(exception).__module__,
        "errno": errno_of(exception),
        "message": str(exception),
        "origin": described(origin(exception)),
    }


def origin(exception):
    """The exception that this one was made from: Thrift's ``inner``, or Python 3's own chain."""
    candidates = (
        getattr(exception, "inner", None),
        getattr(exception, "__cause__", None),
        getattr(exception, "__context__", None),
    )
    return next((found for found in candidates if isinstance(found, BaseException)), None)


def errno_of(exception):
    """Its errno; select.error of Python 2.7 has it only as its first argument."""
    number = getattr(exception, "errno", None)
    if number is None and exception.args:
        number = exception.args[0]
    return number if isinstance(number, int) else None


def byte_count(result):
    """How many bytes a call has read, or says it has written."""
    return result if isinstance(result, int) else len(result)


def say(descriptor, value):
    """Write one line of JSON, whatever signals do meanwhile."""
    left = (json.dumps(value) + "\n").encode("ascii")
    while left:
        try:
            left = left[os.write(descriptor, left) :]
        except OSError as error:
            if error.errno != errno.EINTR:
                raise


if __name__ == "__main__":
    main()
