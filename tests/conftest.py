"""What holds for the whole test run.

Not all of the tests marked ``live`` may be skipped: that would be a green run that saw nothing.
And signals that whoever started the run had ignored (`nohup`, a script's `&`) are as usual for
the programs under test, which would inherit that.

Where pytest-xdist shares the tests among processes (`make test`), one process runs those of
tests/live, one after the other, and the others run the rest of them with what that leaves of the
processors: what a tracer may take is measured against real time.

Property tests see the same examples in every run, however long each takes: on a busy machine a
deadline would fail what is right. With EINTR_TRACE_NEW_EXAMPLES set they search for new ones.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

signal.signal(signal.SIGINT, signal.default_int_handler)
for _signo in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(_signo, signal.SIG_DFL)

settings.register_profile(
    "suite",
    deadline=None,
    derandomize="EINTR_TRACE_NEW_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("suite")

_ROOT = Path(__file__).parent.parent
_LIVE = _ROOT / "tests" / "live"
_LEAST_PRIORITY = 19  # nice(2)
_IS_LIVE = ("live", True)
_live_results: list[str] = []


class _LiveApart(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist ships no types
    """Gives a process all of tests/live, or else one file of tests after the other."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return str(_LIVE) if Path(_ROOT, file).is_relative_to(_LIVE) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _LiveApart:
    return _LiveApart(config, log)


def pytest_runtest_setup(item: pytest.Item) -> None:
    shared = "PYTEST_XDIST_WORKER" in os.environ
    if shared and not item.path.is_relative_to(_LIVE):
        os.setpriority(os.PRIO_PROCESS, 0, _LEAST_PRIORITY)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if item.get_closest_marker("live") is not None:
        report.user_properties.append(_IS_LIVE)  # goes along to the process that sums up
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    decided = report.when == "call" or (report.when == "setup" and report.outcome != "passed")
    if decided and _IS_LIVE in map(tuple, report.user_properties):
        _live_results.append(report.outcome)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    all_skipped = bool(_live_results) and set(_live_results) == {"skipped"}
    if exitstatus == pytest.ExitCode.OK and all_skipped:
        print(f"\nall {len(_live_results)} live tests were skipped: nothing real was tested")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
