"""Which installed Python distribution a file belongs to, from the metadata beside it.

``RECORD`` and ``METADATA`` of ``*.dist-info`` (PyPA specifications, "Recording installed
projects"); ``PKG-INFO``, ``installed-files.txt`` and ``top_level.txt`` of ``*.egg-info`` and
``EGG-INFO`` (setuptools, "The Internal Structure of Python Eggs"); ``conda-meta`` of a conda
environment, which holds libraries too (conda, "Package metadata").
"""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from eintr_trace.model.c_stack import Package
from eintr_trace.native.bounded_files import names_in, read_text_bounded
from eintr_trace.native.code_roles import PACKAGE_DIRECTORIES

_DIST_INFO, _EGG_INFO, _EGG = ".dist-info", ".egg-info", ".egg"
_CONDA_META = "conda-meta"
_MAX_LEVELS = 12
_MAX_DISTRIBUTIONS = 4096
# The RECORD of the largest distributions (tensorflow, ansible) has 2 to 5 MB.
_MAX_LIST_BYTES = 16 << 20
_MAX_HEADER_BYTES = 64 << 10
_HEADER = re.compile(r"(Name|Version): *(\S.*?) *")
_NAME_IN_DIRECTORY = re.compile(r"(?P<name>.+?)-(?P<version>\d[^-]*)(-py\d.*)?")


@dataclass
class _Directory:
    """What the metadata in one directory says; paths are those of the process, normalised."""

    files: dict[str, Package] = field(default_factory=dict)
    top_levels: dict[str, Package] = field(default_factory=dict)


class PythonPackages:
    """The distributions of one process's Python installations, read once a directory.

    ``root`` is where the process's root directory is found.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._directories: dict[str, _Directory] = {}

    def owner(self, file: str) -> Package | None:
        """Give the distribution that installed ``file``; ``None``: none says so."""
        path = PurePosixPath(os.path.normpath(file))
        for directory in list(path.parents)[:_MAX_LEVELS]:
            if directory.name.endswith(_EGG):
                return self._described(directory / "EGG-INFO", directory.name, "PKG-INFO")
            found = self._in_directory(str(directory), path)
            if found is not None or directory.name in PACKAGE_DIRECTORIES:
                return found
        return None

    def owner_of_program(self, file: str) -> Package | None:
        """Give the distribution that installed a program beside the interpreter: ``bin/uwsgi``."""
        path = PurePosixPath(os.path.normpath(file))
        libraries = path.parent.parent / "lib"
        for name in sorted(names_in(self._here(libraries))):
            if name.startswith(("python", "pypy")):
                found = self._in_directory(str(libraries / name / "site-packages"), path)
                if found is not None:
                    return found
        return None

    def _in_directory(self, directory: str, path: PurePosixPath) -> Package | None:
        known = self._directories.get(directory)
        if known is None:
            known = self._directories[directory] = self._read(PurePosixPath(directory))
        found = known.files.get(str(path))
        if found is not None or not known.top_levels or not path.is_relative_to(directory):
            return found
        top = path.relative_to(directory).parts[0]
        return known.top_levels.get(top.partition(".")[0])

    def _read(self, directory: PurePosixPath) -> _Directory:
        read = _Directory()
        endings = (_DIST_INFO, _EGG_INFO, _CONDA_META)
        names = [name for name in names_in(self._here(directory)) if name.endswith(endings)]
        for name in sorted(names)[:_MAX_DISTRIBUTIONS]:
            metadata = directory / name
            if name.endswith(_DIST_INFO):
                self._read_dist_info(read, metadata)
            elif name == _CONDA_META:
                self._read_conda_meta(read, metadata)
            else:
                self._read_egg_info(read, metadata)
        return read

    def _read_dist_info(self, read: _Directory, metadata: PurePosixPath) -> None:
        package = self._described(metadata, metadata.name, "METADATA")
        for entry in _recorded(self._text(metadata / "RECORD", _MAX_LIST_BYTES)):
            read.files.setdefault(_joined(metadata.parent, entry), package)

    def _read_egg_info(self, read: _Directory, metadata: PurePosixPath) -> None:
        package = self._described(metadata, metadata.name, "PKG-INFO")
        for line in self._text(metadata / "installed-files.txt", _MAX_LIST_BYTES).splitlines():
            if _is_program_file(line):
                read.files.setdefault(_joined(metadata, line), package)
        for line in self._text(metadata / "top_level.txt", _MAX_HEADER_BYTES).splitlines():
            read.top_levels.setdefault(line.strip(), package)

    def _read_conda_meta(self, read: _Directory, metadata: PurePosixPath) -> None:
        """Read the files of ``NAME-VERSION-BUILD.json``."""
        names = [name for name in names_in(self._here(metadata)) if name.endswith(".json")]
        for name in sorted(names)[:_MAX_DISTRIBUTIONS]:
            text = self._text(metadata / name, _MAX_LIST_BYTES)
            with suppress(ValueError, TypeError, KeyError, RecursionError):
                record = json.loads(text)
                package = Package(str(record["name"]), str(record["version"]))
                for entry in record["files"]:
                    if _is_program_file(str(entry)):
                        read.files.setdefault(_joined(metadata.parent, str(entry)), package)

    def _described(self, metadata: PurePosixPath, name: str, headers: str) -> Package:
        """Read the name and version; where they cannot be read, the directory's name has them."""
        # distutils of Python 2 wrote a file in the place of the directory.
        text = self._text(metadata / headers, _MAX_HEADER_BYTES)
        text = text or self._text(metadata, _MAX_HEADER_BYTES)
        said: dict[str, str] = {}
        for line in text.splitlines():
            if not line:
                break
            match = _HEADER.fullmatch(line)
            if match is not None:
                said.setdefault(match[1], match[2])
        stem = PurePosixPath(name).stem
        match = _NAME_IN_DIRECTORY.fullmatch(stem)
        fallback = (stem, None) if match is None else (match["name"], match["version"])
        return Package(said.get("Name", fallback[0]), said.get("Version", fallback[1]))

    def _text(self, path: PurePosixPath, limit_bytes: int) -> str:
        return read_text_bounded(self._here(path), limit_bytes)

    def _here(self, path: PurePosixPath) -> Path:
        return self._root / str(path).lstrip("/")


def _recorded(text: str) -> Iterator[str]:
    """Give the program files that a RECORD lists: lines of CSV, path first."""
    lines = [line for line in text.splitlines() if _is_program_file(line)]
    with suppress(csv.Error):
        for row in csv.reader(lines):
            if row:
                yield row[0]


def _is_program_file(line: str) -> bool:
    return ".so" in line or "bin/" in line


def _joined(directory: PurePosixPath, entry: str) -> str:
    return os.path.normpath(directory / entry)
