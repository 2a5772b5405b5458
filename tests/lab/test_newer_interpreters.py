"""The interpreters of `eintr-trace lab interpreters`: they run like any other, on our files.

Making the tree takes a minute and Debian's archive: it is made by hand, and what it holds is
tested where it is. How making it fails is tested everywhere.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.debian_tree import DebianTree, only_one, require_tools
from eintr_trace.lab.interpreters import FoundIn, FoundInterpreter, find_interpreters

NAMES = ("python3.14", "python3.15", "pypy3")

RUNS_ITSELF = """
import ctypes, multiprocessing, os, ssl, subprocess, sys

def squared(number):
    return number * number

if __name__ == "__main__":
    assert os.path.realpath(sys.executable) == os.path.realpath(sys.argv[1]), sys.executable
    assert os.getpid() == int(sys.stdin.readline()), "the launcher keeps its pid"
    assert ctypes.CDLL(None).getpid() == os.getpid()
    subprocess.check_call([sys.executable, "-c", "import ssl"])
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(squared, [3]) == [9]
    print("as usual")
"""


@pytest.fixture(params=NAMES)
def installed(request: pytest.FixtureRequest) -> FoundInterpreter:
    """One interpreter of the tree, or skip."""
    for found in find_interpreters():
        if found.found_in is FoundIn.LAB and found.executable.name == request.param:
            return found
    pytest.skip(f"no {request.param} of `eintr-trace lab interpreters` on this machine")


def test_an_installed_interpreter_is_an_interpreter_like_any_other(
    installed: FoundInterpreter, tmp_path: Path
) -> None:
    assert installed.problem is None
    script = tmp_path / "runs_itself.py"
    script.write_text(RUNS_ITSELF)
    command = [str(installed.executable), str(script), str(installed.executable)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        output, _ = process.communicate(f"{process.pid}\n", timeout=60)
    assert output == "as usual\n"


def test_only_one_process_makes_a_tree(tmp_path: Path) -> None:
    lock = tmp_path / "tree.lock"
    with only_one(lock):
        with pytest.raises(EintrTraceError, match="another process"), only_one(lock):
            pass
    with only_one(lock):
        pass


def test_a_failed_step_says_what_was_said_and_leaves_no_tree(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("making a tree needs root")
    tree = DebianTree(tmp_path / "tree", "no-such-suite", tmp_path / "tree.log")
    tree.log.write_text("said by an earlier run\n")
    try:
        require_tools()
    except EintrTraceError as error:
        pytest.skip(str(error))
    with pytest.raises(EintrTraceError, match="cannot make a Debian base system") as failure:
        tree.make()
    assert "earlier run" not in str(failure.value)
    assert str(tree.log) in str(failure.value)
    assert not tree.folder.exists()


def test_missing_tools_are_named_with_their_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    if os.geteuid() != 0:
        with pytest.raises(EintrTraceError, match="needs root"):
            require_tools()
        return
    with pytest.raises(EintrTraceError, match="apt-get install debootstrap"):
        require_tools()
