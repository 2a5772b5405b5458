"""Whose C code a program file is, told by its path, its DT_SONAME and what it exports."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import PurePosixPath

from eintr_trace.model.c_stack import CodeRole

# Exported by every CPython since 1.0 and by nothing else.
CPYTHON_MARK = "Py_GetVersion"
# Directories that hold the modules of nobody in particular: what is below them is the name.
PACKAGE_DIRECTORIES = frozenset({"site-packages", "dist-packages"})

# The names that the C library's files go by: glibc 2.36 (shlib-versions; 2.34 emptied
# libpthread, librt and libdl into libc), musl 1.2 (Makefile, LDSO_PATHNAME), vdso(7).
_C_LIBRARY = re.compile(
    r"(lib(c|m|pthread|rt|dl|util|anl|resolv|nsl|mvec)\.so\.\d+"
    r"|lib(nss_(files|dns|compat|hesiod|db)|BrokenLocale|thread_db)\.so\.\d+"
    r"|ld-linux.*\.so\.\d+|ld-musl-.*\.so\.\d+|libc\.musl-.*\.so\.\d+|libc\.so"
    r"|linux-vdso\.so\.\d+|linux-gate\.so\.\d+)"
)
_VDSO = "[vdso]"
_LIBFFI = re.compile(r"libffi\b.*\.so\b.*")
_CTYPES = re.compile(r"_ctypes(_test)?(\..*)?\.so")
_INTERPRETER = re.compile(r"python[\d.]*[dmut]*(-dbg)?|pypy[\d.]*")
_LIBPYTHON = re.compile(r"libpython\d[\w.]*\.so.*")
_DYNAMIC_MODULES = "lib-dynload"
# importlib's names of extension modules: Python/dynload_shlib.c, _PyImport_DynLoadFiletab;
# PEP 489, "Export Hook Name"; 2.7: Python/importdl.c, "init%.200s".
_INIT_PREFIXES = ("PyInit_", "init")
_VERSION_IN_NAME = (
    re.compile(r"\.so\.(?P<version>\d+(\.\w+)+)$"),
    re.compile(r"-(?P<version>\d+(\.\d+)+)\.so$"),
)
_MAX_PARTS = 32


def role_of(file: str, soname: str | None, exports: Collection[str], exe: str | None) -> CodeRole:
    """Tell whose code the file at path ``file`` is.

    ``exports`` are the names of the functions that it exports, ``exe`` is the executable of the
    process. An executable that holds CPython and is not called like it is the program's.
    """
    name = PurePosixPath(file).name
    if file == _VDSO or _C_LIBRARY.fullmatch(soname or name):
        return CodeRole.C_LIBRARY
    if _LIBFFI.fullmatch(soname or name) or _LIBFFI.fullmatch(name):
        return CodeRole.CTYPES
    if PurePosixPath(file).parent.name == _DYNAMIC_MODULES:
        return CodeRole.CTYPES if _CTYPES.fullmatch(name) else CodeRole.CPYTHON
    if file == exe:
        return CodeRole.CPYTHON if _INTERPRETER.fullmatch(name) else CodeRole.PROGRAM
    if CPYTHON_MARK in exports or _LIBPYTHON.fullmatch(name):
        return CodeRole.CPYTHON
    return CodeRole.EXTENSION if _init_name(name, exports) is not None else CodeRole.LIBRARY


def module_name(file: str, exports: Collection[str]) -> str | None:
    """Give the Python name of an extension module: ``psycopg2._psycopg``.

    The packages that it is in are the directories below ``site-packages``; where there is none,
    they are not known, and the name is the module's alone.
    """
    path = PurePosixPath(file)
    own = _init_name(path.name, exports)
    if own is None:
        return None
    parents = path.parent.parts[-_MAX_PARTS:]
    homes = [index for index, part in enumerate(parents) if part in PACKAGE_DIRECTORIES]
    packages = parents[homes[-1] + 1 :] if homes else ()
    return ".".join((*packages, own))


def _init_name(name: str, exports: Collection[str]) -> str | None:
    """Give the module that the file's own init function is for.

    CPython looks for the function by the file's name, so that a library with a function
    ``init_everything`` is no module.
    """
    stem = name.partition(".")[0]
    candidates = (stem, stem.removesuffix("module"))
    for candidate in candidates:
        if candidate and any(f"{prefix}{candidate}" in exports for prefix in _INIT_PREFIXES):
            return candidate
    return None


def version_in_name(file: str) -> str | None:
    """Give ``5.15`` for ``libpq.so.5.15``, ``2.31`` for ``libc-2.31.so``.

    A single number (``libc.so.6``) is the interface's, not the library's.
    """
    name = PurePosixPath(file).name
    for pattern in _VERSION_IN_NAME:
        match = pattern.search(name)
        if match is not None:
            return match["version"]
    return None
