"""Finding interpreters: real ones, and fake ones that fail in every way."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from eintr_trace.lab.interpreters import (
    FoundIn,
    FoundInterpreter,
    find_interpreters,
    interpreter_at,
)

NOBODY = 65534


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def python(path: Path, version: str = "3, 5, 1", *, free_threaded: bool = False) -> Path:
    """A program that answers as an interpreter would."""
    build = "true" if free_threaded else "false"
    return program(path, f"""echo '["{path}", "CPython", [{version}], {build}]'""")


def found_under(
    folder: Path, environ: dict[str, str], named: tuple[Path, ...] = ()
) -> dict[str, FoundInterpreter]:
    """What is found below ``folder`` (also its home), by its path there."""
    found = find_interpreters(named, {"HOME": str(folder), **environ})
    return {
        str(one.executable.relative_to(folder)): one
        for one in found
        if one.executable.is_relative_to(folder)
    }


def test_the_running_interpreter_is_found_with_its_version() -> None:
    (own,) = (f for f in find_interpreters() if f.executable == Path(sys.executable).resolve())
    assert own.version == sys.version_info[:3]
    assert own.implementation == "CPython"
    assert own.name == "CPython " + ".".join(map(str, sys.version_info[:3]))


def test_oldest_first_and_each_file_once() -> None:
    found = find_interpreters()
    versions = [one.version for one in found if one.version]
    assert versions == sorted(versions)
    executables = [one.executable for one in found]
    assert len(executables) == len({path.resolve() for path in executables})


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("echo no such library >&2; exit 127", "ended with exit status 127: no such library"),
        ("exit 3", "ended with exit status 3"),
        ("kill -SEGV $$", "ended with exit status -11"),
        ("echo hello", "its answer is not a Python interpreter's"),
        ("echo 7", "its answer is not a Python interpreter's"),
    ],
)
def test_a_broken_interpreter_is_listed_with_its_problem(
    tmp_path: Path, script: str, problem: str
) -> None:
    program(tmp_path / "bin/python3.9", script)
    (broken,) = found_under(tmp_path, {"PATH": str(tmp_path / "bin")}).values()
    assert (broken.problem, broken.version, broken.found_in) == (problem, None, FoundIn.PATH)


def test_a_free_threaded_build_is_named_so(tmp_path: Path) -> None:
    python(tmp_path / "bin/python3.14t", "3, 14, 0", free_threaded=True)
    (found,) = found_under(tmp_path, {"PATH": str(tmp_path / "bin")}).values()
    assert (found.free_threaded, found.name) == (True, "CPython 3.14.0t")


def test_what_cannot_be_run_is_listed_too(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python3.7").write_bytes(b"\x7fELF")
    (folder / "python3.8").symlink_to("python3.8")
    (folder / "python3.9").symlink_to("gone")
    found = found_under(tmp_path, {"PATH": str(folder)})
    assert {name: one.problem for name, one in found.items()} == {
        "bin/python3.7": "Permission denied",
        "bin/python3.8": "Too many levels of symbolic links",
        "bin/gone": "No such file or directory",
    }


def test_where_interpreters_are_kept(tmp_path: Path) -> None:
    python(tmp_path / ".pyenv/versions/2.7.1/bin/python", "2, 7, 1")
    python(tmp_path / "miniforge3/envs/old/bin/python2.7")
    python(tmp_path / "elsewhere/bin/python")
    (tmp_path / ".conda").mkdir()
    (tmp_path / ".conda/environments.txt").write_text(f"{tmp_path}/elsewhere\n")
    python(tmp_path / ".local/share/uv/python/cpython-3.5/bin/python3.5")
    python(tmp_path / "bin/pypy3")
    python(tmp_path / "bin/python3-config")
    found = found_under(tmp_path, {"PATH": f"{tmp_path}/bin:/no/such/folder:"})
    assert {name: one.found_in for name, one in found.items()} == {
        ".pyenv/versions/2.7.1/bin/python": FoundIn.PYENV,
        "miniforge3/envs/old/bin/python2.7": FoundIn.CONDA,
        "elsewhere/bin/python": FoundIn.CONDA,
        ".local/share/uv/python/cpython-3.5/bin/python3.5": FoundIn.UV,
        "bin/pypy3": FoundIn.PATH,
    }


def test_folders_of_another_user_hold_none(tmp_path: Path) -> None:
    """As sudo and setpriv leave HOME and PATH."""
    python(tmp_path / ".pyenv/versions/2.7.1/bin/python", "2, 7, 1")
    python(tmp_path / "miniforge3/envs/old/bin/python2.7")
    python(tmp_path / "bin/python3")
    tmp_path.chmod(0)
    try:
        with ordinary_user():
            assert found_under(tmp_path, {"PATH": f"{tmp_path}/bin"}) == {}
    finally:
        tmp_path.chmod(0o700)


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Be one for a moment, if we are root: for root, all may be read."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(me)


def test_pyenv_shims_are_not_interpreters(tmp_path: Path) -> None:
    program(tmp_path / ".pyenv/shims/python2.7", "exit 127")
    assert found_under(tmp_path, {"PATH": str(tmp_path / ".pyenv/shims")}) == {}


def test_a_named_shim_stands_for_the_interpreter_it_runs(tmp_path: Path) -> None:
    behind = python(tmp_path / "versions/python3.5")
    shim = program(tmp_path / "shims/python", f'exec {behind} "$@"')
    assert interpreter_at(shim).executable == behind


def test_links_lead_to_one_interpreter(tmp_path: Path) -> None:
    python(tmp_path / "bin/python3.5")
    (tmp_path / "bin/python3").symlink_to("python3.5")
    (tmp_path / "bin/python").symlink_to("python3")
    assert list(found_under(tmp_path, {"PATH": str(tmp_path / "bin")})) == ["bin/python3.5"]


def test_a_virtual_environment_counts_only_when_named(tmp_path: Path) -> None:
    copy = python(tmp_path / "venv/bin/python")
    (tmp_path / "venv/pyvenv.cfg").touch()
    environ = {"PATH": str(copy.parent)}
    assert found_under(tmp_path, environ) == {}
    (named,) = found_under(tmp_path, environ, (copy,)).values()
    assert named.found_in is FoundIn.NAMED


def test_an_interpreter_that_was_replaced_is_asked_again(tmp_path: Path) -> None:
    path = python(tmp_path / "python", "3, 5, 1")
    assert interpreter_at(path).version == (3, 5, 1)
    before_ns = path.stat().st_mtime_ns
    while path.stat().st_mtime_ns == before_ns:  # the clock of files ticks every few ms
        python(path, "3, 5, 2")
    assert interpreter_at(path).version == (3, 5, 2)
