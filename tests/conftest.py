"""What holds for the whole test run.

The live tests must not all be skipped: that would be a green run that saw nothing. And signals
that whoever started the run had ignored (`nohup`, a script's `&`) are as usual for the programs
under test, which would inherit that.
"""

from __future__ import annotations

import signal
from collections.abc import Generator

import pytest

signal.signal(signal.SIGINT, signal.default_int_handler)
for _signo in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(_signo, signal.SIG_DFL)

_live_results: list[str] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    decided = report.when == "call" or (report.when == "setup" and report.outcome != "passed")
    if decided and item.get_closest_marker("live") is not None:
        _live_results.append(report.outcome)
    return report


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    all_skipped = bool(_live_results) and set(_live_results) == {"skipped"}
    if exitstatus == pytest.ExitCode.OK and all_skipped:
        print(f"\nall {len(_live_results)} live tests were skipped: nothing real was tested")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
