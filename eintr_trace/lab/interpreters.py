"""The Python interpreters of this machine, each asked for its version by running it."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.folder import lab_folder

QUERY_LIMIT_S = 5.0
_NAME = re.compile(r"(python|pypy)(\d+(\.\d+)?t?)?")
_QUERY = (
    "import json, platform, sys; print(json.dumps(["
    "sys.executable, platform.python_implementation(), list(sys.version_info[:3]),"
    "'t' in getattr(sys, 'abiflags', '')]))"
)

Version = tuple[int, int, int]


class FoundIn(StrEnum):
    """Where an interpreter was found; the first place in this order counts."""

    NAMED = "named"
    PATH = "PATH"
    PYENV = "pyenv"
    CONDA = "conda"
    UV = "uv"
    PREFIX = "usual prefix"
    LAB = "eintr-trace lab interpreters"
    OWN = "eintr-trace's own"


@dataclass(frozen=True)
class FoundInterpreter:
    """One interpreter.

    ``executable`` is the real file, no link and no pyenv shim. With a ``problem`` it could
    not be asked, and ``version`` and ``implementation`` (``CPython``, ``PyPy``) are ``None``.
    ``free_threaded`` is CPython's build without the GIL, whose ``sys.abiflags`` has a ``t``
    (PEP 703, "Build Configuration Changes").
    """

    executable: Path
    version: Version | None
    implementation: str | None
    found_in: FoundIn
    problem: str | None = None
    free_threaded: bool = False

    @property
    def name(self) -> str:
        """Name it for people: ``CPython 2.7.18``, ``CPython 3.14.0t``."""
        if self.version is None:
            return str(self.executable)
        build = "t" if self.free_threaded else ""
        return f"{self.implementation} {'.'.join(map(str, self.version))}{build}"


@dataclass(frozen=True)
class _Answer:
    executable: Path
    implementation: str | None
    version: Version | None
    problem: str | None
    free_threaded: bool = False


def find_interpreters(
    named: Sequence[Path] = (), environ: Mapping[str, str] = os.environ
) -> list[FoundInterpreter]:
    """Find interpreters, oldest first; those that cannot be run come last, with the reason.

    Looks at ``named``, on ``PATH``, under pyenv, conda and uv, in the usual prefixes and at what
    `eintr-trace lab interpreters` installed.
    Each real executable is listed once; virtual environments are not, unless named.
    """
    places: dict[Path, FoundIn] = {}
    for path, found_in in _candidates(named, environ):
        if found_in is FoundIn.NAMED or not _in_virtual_environment(path):
            places.setdefault(path, found_in)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        answers = list(pool.map(_ask, places))
    found: dict[Path, FoundInterpreter] = {}
    for answer, found_in in zip(answers, places.values(), strict=True):
        found.setdefault(answer.executable, _found(answer, found_in))
    return sorted(found.values(), key=_oldest_first)


def interpreter_at(name: str | Path) -> FoundInterpreter:
    """Return the interpreter that ``name`` (a path, or a command on ``PATH``) stands for.

    Raises EintrTraceError when there is none or it does not work.
    """
    path = shutil.which(name)
    if path is None:
        raise EintrTraceError(
            f"there is no Python interpreter {str(name)!r}",
            "Name one with --python; `eintr-trace doctor` lists those of this machine",
        )
    found = _found(_ask(_real(Path(path))), FoundIn.NAMED)
    if found.problem is not None:
        raise EintrTraceError(
            f"the Python interpreter {found.executable} does not work: {found.problem}",
            "Name another with --python; `eintr-trace doctor` lists those of this machine",
        )
    return found


def _found(answer: _Answer, found_in: FoundIn) -> FoundInterpreter:
    return FoundInterpreter(
        answer.executable,
        answer.version,
        answer.implementation,
        found_in,
        answer.problem,
        answer.free_threaded,
    )


def _oldest_first(found: FoundInterpreter) -> tuple[bool, Version, str]:
    return found.version is None, found.version or (0, 0, 0), str(found.executable)


def _candidates(
    named: Sequence[Path], environ: Mapping[str, str]
) -> Iterator[tuple[Path, FoundIn]]:
    for path in named:
        yield _real(path), FoundIn.NAMED
    for folder, found_in in _folders(environ):
        for path in _programs(folder):
            yield _real(path), found_in


def _folders(environ: Mapping[str, str]) -> Iterator[tuple[Path, FoundIn]]:
    home = Path(environ.get("HOME") or Path.home())
    pyenv = Path(environ.get("PYENV_ROOT") or home / ".pyenv")
    # A shim runs whichever version pyenv has selected, or none: the versions come by themselves.
    on_path = [Path(entry) for entry in environ.get("PATH", "").split(os.pathsep) if entry]
    opt = Path("/opt")
    for found_in, folders in (
        (FoundIn.PATH, [folder for folder in on_path if folder != pyenv / "shims"]),
        (FoundIn.PYENV, _below(pyenv, "versions/*/bin")),
        (FoundIn.CONDA, _conda_folders(home, environ)),
        (FoundIn.UV, _below(_uv_root(home, environ), "*/bin")),
        (FoundIn.PREFIX, [Path("/usr/bin"), Path("/usr/local/bin")]),
        (FoundIn.PREFIX, [*_below(opt, "*/bin"), *_below(opt, "python/*/bin")]),
        (FoundIn.LAB, _below(lab_folder(environ), "debian-*/usr/local/bin")),
        (FoundIn.OWN, [Path(sys.base_prefix) / "bin"]),
    ):
        yield from ((folder, found_in) for folder in folders)


def _conda_folders(home: Path, environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield the program folders of conda's installations and environments.

    ``CONDA_PREFIX`` is the active one, ``~/.conda/environments.txt`` lists all that were made
    (conda 4.4 and later, conda/core/envs_manager.py); the others are the installers' defaults.
    """
    bases = [Path(environ["CONDA_PREFIX"])] if environ.get("CONDA_PREFIX") else []
    with contextlib.suppress(OSError):  # no conda, or none that may be read
        bases += map(Path, (home / ".conda/environments.txt").read_text().splitlines())
    for parent in (home, Path("/opt")):
        for name in ("miniconda3", "anaconda3", "miniforge3", "mambaforge", "conda"):
            bases.append(parent / name)
    for base in bases:
        yield base / "bin"
        yield from _below(base, "envs/*/bin")


def _uv_root(home: Path, environ: Mapping[str, str]) -> Path:
    """Where uv keeps interpreters (uv reference, "Storage": Python versions)."""
    if environ.get("UV_PYTHON_INSTALL_DIR"):
        return Path(environ["UV_PYTHON_INSTALL_DIR"])
    data = environ.get("XDG_DATA_HOME")
    return (Path(data) if data else home / ".local/share") / "uv/python"


def _below(folder: Path, pattern: str) -> list[Path]:
    """What matches; nothing where it may not be read, as another user's (sudo, setpriv)."""
    try:
        return list(folder.glob(pattern))
    except OSError:
        return []


def _programs(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    except OSError:
        return []  # PATH may name folders that do not exist


def _real(path: Path) -> Path:
    """Follow links; unlike Path.resolve before 3.13, a loop of links is no error here."""
    return Path(os.path.realpath(path))


def _in_virtual_environment(executable: Path) -> bool:
    """Tell a virtual environment by its pyvenv.cfg (PEP 405)."""
    try:
        return (executable.parent.parent / "pyvenv.cfg").is_file()
    except OSError:
        return False  # it may not be read: nor may the interpreter


def _ask(path: Path) -> _Answer:
    try:
        mtime_ns = path.stat().st_mtime_ns
    except OSError as error:
        return _Answer(path, None, None, error.strerror or str(error))
    return _ask_once(path, mtime_ns)


@functools.cache
def _ask_once(path: Path, mtime_ns: int) -> _Answer:  # noqa: ARG001 - part of the cache's key
    try:
        done = subprocess.run(
            [path, "-E", "-s", "-c", _QUERY],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=QUERY_LIMIT_S,
            check=True,
        )
        executable, implementation, version, free_threaded = json.loads(done.stdout)
        major, minor, micro = map(int, version)
        return _Answer(
            Path(executable).resolve(),
            implementation,
            (major, minor, micro),
            problem=None,
            free_threaded=bool(free_threaded),
        )
    except subprocess.TimeoutExpired:
        return _Answer(path, None, None, f"no answer within {QUERY_LIMIT_S:g} s")
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip().splitlines()
        ended = f"ended with exit status {error.returncode}"
        return _Answer(path, None, None, f"{ended}: {said[-1]}" if said else ended)
    except OSError as error:
        return _Answer(path, None, None, error.strerror or str(error))
    except (ValueError, TypeError):
        return _Answer(path, None, None, "its answer is not a Python interpreter's")
