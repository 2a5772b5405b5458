from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reports.html.browser import Browser, chromium


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with chromium(tmp_path_factory.mktemp("chromium")) as started:
        yield started


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the pages of all tests."""
    return tmp_path_factory.mktemp("pages")
