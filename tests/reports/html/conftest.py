from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from eintr_trace.model.c_stack import PathEnd
from eintr_trace.model.episodes import CPath
from eintr_trace.model.trace_lines import TraceLine
from tests.reports import samples
from tests.reports.html.browser import Browser, chromium
from tests.reports.html.saved_pages import saved, some_source


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("chromium")) as started:
        yield started


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the pages of all tests."""
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="session")
def page(pages: Path) -> Path:
    """All samples, two of which went different ways through C, one with lines of strace."""
    raised = replace(
        samples.RAISED, c_path=CPath(("recv", "sock_recv_guts", "set_error"), PathEnd.DECISION)
    )
    line = TraceLine(raised.time_ns, 4700, 4700, "recvfrom(3, <unfinished ...>", 12, "It waits.")
    episodes = (replace(raised, lines=(line,)), *samples.EPISODES[1:])
    return saved(pages / "samples.html", samples.report(*episodes), some_source)
