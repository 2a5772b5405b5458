"""Who owns the code of a program file: its role, its Python module, the package it came with."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from eintr_trace.model.c_stack import CodeRole, Package
from eintr_trace.native.code_roles import module_name, role_of, version_in_name
from eintr_trace.native.python_packages import PythonPackages
from eintr_trace.native.system_packages import SystemPackages

_OWN_ROOT = Path("/")
_MAX_FILES = 4096


@dataclass(frozen=True)
class Owner:
    """Who owns a program file, as ``LibrarySeen`` says it."""

    role: CodeRole
    module: str | None
    version: str | None
    package: Package | None


class Owners:
    """The owners of the program files of one process.

    ``exe`` is the path of its executable. Files are looked up in the root directory of the
    process (proc_pid_root(5)), or in ``root``; what was found is kept, since the process may
    be gone by the next time.
    """

    def __init__(self, tgid: int, exe: str | None, root: Path | None = None) -> None:
        self._exe = exe
        here = _root_of(tgid) if root is None else root
        self._python = PythonPackages(here)
        # The system's database is one for all processes that have our root directory.
        self._system = _own_system() if here == _OWN_ROOT else SystemPackages(here)
        self._known: dict[str, Owner] = {}

    def of(
        self, file: str, soname: str | None, exports: Collection[str], *, deleted: bool = False
    ) -> Owner:
        """Tell who owns the file at path ``file``, as the process names it.

        ``soname`` is its DT_SONAME, ``exports`` the names of the functions in its ``.dynsym``.
        ``deleted``: another version may have taken its place, so that the package's is not known.
        """
        known = self._known.get(file)
        if known is None:
            known = self._look_up(file, soname, exports)
            if deleted and known.package is not None:
                known = replace(known, package=replace(known.package, version=None))
            if len(self._known) < _MAX_FILES:
                self._known[file] = known
        return known

    def _look_up(self, file: str, soname: str | None, exports: Collection[str]) -> Owner:
        role = role_of(file, soname, exports, self._exe)
        is_module = role is CodeRole.EXTENSION
        return Owner(
            role=role,
            module=module_name(file, exports) if is_module else None,
            version=None if role is CodeRole.CPYTHON else version_in_name(file),
            package=self._package(file, role),
        )

    def _package(self, file: str, role: CodeRole) -> Package | None:
        if not file.startswith("/"):
            return None
        package = self._python.owner(file)
        if package is None and role is CodeRole.PROGRAM:
            package = self._python.owner_of_program(file)
        return package or self._system.owner(file)


@cache
def _own_system() -> SystemPackages:
    return SystemPackages(_OWN_ROOT)


def _root_of(tgid: int) -> Path:
    """Give the way to the root directory of a process.

    Our own where that is the same, because it outlives the process, and for a process that is
    gone, whose program files are then looked for in ours too.
    """
    theirs = Path(f"/proc/{tgid}/root")
    try:
        return _OWN_ROOT if theirs.samefile(_OWN_ROOT) else theirs
    except (FileNotFoundError, ProcessLookupError):
        return _OWN_ROOT
    except OSError:
        return theirs
