"""The experiment's own Apache Thrift, installed for real."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from eintr_trace.lab.folder import lab_folder
from eintr_trace.lab.thrift_library import ensure_thrift


def test_two_install_at_once_and_one_pure_python_folder_results(tmp_path: Path) -> None:
    environ = {**os.environ, "EINTR_TRACE_LAB": str(tmp_path)}
    with ThreadPoolExecutor() as pool:
        first, second = pool.map(ensure_thrift, [environ, environ])
    assert first == second == tmp_path / "thrift-0.21.0"
    assert list(tmp_path.iterdir()) == [first]
    assert "Tag: py3-none-any" in (first / "thrift-0.21.0.dist-info/WHEEL").read_text()
    assert {path.suffix for path in (first / "thrift").rglob("*") if path.is_file()} == {".py"}


def test_what_is_installed_needs_no_network() -> None:
    folder = ensure_thrift()
    without = {**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1"}
    assert ensure_thrift(without) == folder


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"EINTR_TRACE_LAB": "/a", "XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/a"),
        ({"XDG_CACHE_HOME": "/b", "HOME": "/c"}, "/b/eintr-trace/lab"),
        ({"HOME": "/c"}, "/c/.cache/eintr-trace/lab"),
    ],
)
def test_where_it_is_kept(environ: dict[str, str], folder: str) -> None:
    assert lab_folder(environ) == Path(folder)
