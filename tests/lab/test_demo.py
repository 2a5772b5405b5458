"""The demonstration: both halves, traced."""

from __future__ import annotations

from pathlib import Path

import pytest

from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.demo import run_demo
from eintr_trace.lab.folder import lab_folder
from eintr_trace.lab.interpreters import find_interpreters
from tests.lab.interpreters import cpython, newest
from tests.lab.recorded import deliveries

pytestmark = pytest.mark.live


def test_one_signal_under_2_and_two_under_the_newest_3(tmp_path: Path) -> None:
    python2 = cpython("2.7")
    demo = run_demo(tmp_path / "made")
    assert demo.raises.interpreter == python2.name
    assert "inner: error(4, 'Interrupted system call')" in demo.raises.output
    assert demo.resumes.interpreter == newest().name
    assert "get 2745109 bytes" in demo.resumes.output
    for run, signals in ((demo.raises, 1), (demo.resumes, 2)):
        assert not run.replayed
        assert run.recording.parent == tmp_path / "made"
        assert run.signals == run.output.count("Receive sig 10") == signals
        assert len(deliveries(run.recording)) == signals


def test_without_2_its_half_is_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EINTR_TRACE_LAB", str(lab_folder()))
    for name in ("HOME", "PYENV_ROOT", "PATH", "CONDA_PREFIX"):
        monkeypatch.setenv(name, str(tmp_path))
    if any((found.version or ())[:2] == (2, 7) for found in find_interpreters()):
        pytest.skip("this machine has a Python 2.7 in a usual prefix")
    demo = run_demo(tmp_path)
    assert demo.raises.replayed
    assert demo.raises.interpreter.startswith("CPython 2.7.")
    assert "inner: error(4, 'Interrupted system call')" in demo.raises.output
    assert len(deliveries(demo.raises.recording)) == demo.raises.signals == 1
    assert not demo.resumes.replayed


def test_a_named_interpreter_is_preferred(tmp_path: Path) -> None:
    demo = run_demo(tmp_path, [cpython("3.6").executable])
    assert demo.resumes.interpreter == cpython("3.6").name


def test_a_named_interpreter_must_exist(tmp_path: Path) -> None:
    with pytest.raises(EintrTraceError, match="no Python interpreter"):
        run_demo(tmp_path, [tmp_path / "python2.7"])
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made() -> None:
    with pytest.raises(EintrTraceError, match="cannot write recordings to /dev/null/demo"):
        run_demo(Path("/dev/null/demo"))
