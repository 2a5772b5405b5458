"""A runner in a process of its own, for tests that end it while the experiment is on.

Prints ``ready`` once the client is blocked and nothing else will happen.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from eintr_trace.lab.experiment import Experiment, run_experiment
from eintr_trace.lab.interpreters import interpreter_at
from eintr_trace.lab.link import Link


@contextmanager
def wait_forever(_: int) -> Iterator[None]:
    print("ready", flush=True)
    signal.pause()
    yield


if __name__ == "__main__":
    run_experiment(Experiment(interpreter_at(sys.executable), link=Link(sys.argv[1])), wait_forever)
