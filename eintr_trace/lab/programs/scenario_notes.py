"""What a scenario's program notes about itself; valid on Python 2.7 and 3.x."""

import os

eintr_caught = []
"""One item for each EINTR that the scenario's own code has caught and answered by a new call."""

handler_runs = []
"""What each run of a Python signal handler noted, in their order."""


def note_eintr():
    """Say that EINTR was caught here and the call is made again."""
    eintr_caught.append(True)


def kernel_tid():
    """The kernel's id of the calling thread (proc(5), /proc/thread-self)."""
    return int(os.readlink("/proc/thread-self").rpartition("/")[2])
