"""Interpreters that this machine's distribution may not have: CPython 3.14, 3.15, PyPy.

They come from Debian's testing suite, in a tree of their own (``debian_tree``). Debian has no
free-threaded CPython: one that is found elsewhere is used like any other (``interpreters``).

Debian's programs are linked for the tree's own C library, at the paths that they have there. So
that they run from outside, on files of this machine, each gets a *launcher* in the tree's
/usr/local/bin: the few lines of CPython's Programs/python.c, linked with the interpreter's
shared library, with the tree's dynamic linker as PT_INTERP and its libraries in DT_RPATH
(ld.so(8): unlike DT_RUNPATH it also holds for the libraries of extension modules). That makes
them interpreters like any other: ``sys.executable`` can be run again, ``execve`` keeps the pid.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.debian_tree import DebianTree, only_one, require_tools
from eintr_trace.lab.folder import lab_folder
from eintr_trace.lab.interpreters import FoundInterpreter, interpreter_at

SUITE = "forky"
_LAUNCHERS = Path("usr/local/bin")
_LINKER = Path("usr/lib64/ld-linux-x86-64.so.2")
_LIBRARIES = Path("usr/lib/x86_64-linux-gnu")
_COMPILER_PACKAGES = ("gcc", "libc6-dev")


@dataclass(frozen=True)
class _Wanted:
    """An interpreter: its launcher's name, the packages, the shared library and its main()."""

    name: str
    packages: tuple[str, ...]
    library: str
    main: str


# Py_BytesMain: Include/pylifecycle.h (3.8+). pypy_main_startup: RPython's exported main(),
# rpython/translator/c/src/entrypoint.c.
_WANTED = (
    _Wanted("python3.14", ("python3.14", "libpython3.14"), "libpython3.14.so.1.0", "Py_BytesMain"),
    _Wanted("python3.15", ("python3.15", "libpython3.15"), "libpython3.15.so.1.0", "Py_BytesMain"),
    _Wanted("pypy3", ("pypy3",), "libpypy3.*-c.so", "pypy_main_startup"),
)


def ensure_newer_interpreters(
    tell: Callable[[str], None], environ: Mapping[str, str] = os.environ
) -> list[FoundInterpreter]:
    """Install what is missing and return all; ``tell`` is told of each step before it is made.

    What is there and runs is left alone, so that an aborted run is taken up where it ended.
    Raises EintrTraceError.
    """
    tree = _tree(environ)
    missing = [wanted for wanted in _WANTED if not _runs(tree, wanted)]
    if missing:
        require_tools()
        _make_folder(tree.folder.parent)
        with only_one(tree.folder.with_suffix(".lock")):
            if not tree.is_there:
                tell(f"a Debian {SUITE} base system in {tree.folder}")
                tree.make()
            packages = [name for wanted in missing for name in wanted.packages]
            tell(f"packages: {' '.join(packages)}")
            tree.install([*_COMPILER_PACKAGES, *packages])
            for wanted in missing:
                tell(f"a launcher for {wanted.name}")
                _make_launcher(tree, wanted)
    return [interpreter_at(_launcher(tree, wanted)) for wanted in _WANTED]


def _tree(environ: Mapping[str, str]) -> DebianTree:
    # Its absolute path is linked into the launchers.
    folder = lab_folder(environ).resolve() / f"debian-{SUITE}"
    return DebianTree(folder, SUITE, folder.with_suffix(".log"))


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EintrTraceError(
            f"cannot write to {folder}: {error.strerror}",
            "Name a writable folder in EINTR_TRACE_LAB",
        ) from error


def _launcher(tree: DebianTree, wanted: _Wanted) -> Path:
    return tree.folder / _LAUNCHERS / wanted.name


def _runs(tree: DebianTree, wanted: _Wanted) -> bool:
    try:
        interpreter_at(_launcher(tree, wanted))
    except EintrTraceError:
        return False
    return True


def _make_launcher(tree: DebianTree, wanted: _Wanted) -> None:
    libraries = tree.folder / _LIBRARIES
    library = next((path.name for path in sorted(libraries.glob(wanted.library))), None)
    if library is None:
        raise EintrTraceError(
            f"the packages of {wanted.name} have no {wanted.library}",
            f"Remove {tree.folder} and run again, or report the versions it has",
        )
    declared = f"int {wanted.main}(int, char **);"
    program = f"{declared} int main(int argc, char **argv) {{ return {wanted.main}(argc, argv); }}"
    linking = f"-Wl,--dynamic-linker={tree.folder / _LINKER},--disable-new-dtags,-rpath={libraries}"
    target = f"/{_LAUNCHERS / wanted.name}"
    tree.run(
        f"link the launcher of {wanted.name}",
        f"printf '%s\\n' '{program}' > /tmp/launcher.c\n"
        f"gcc -o {target}.new /tmp/launcher.c '{linking}' -l:{library}\n"
        f"mv {target}.new {target}\n",
    )
