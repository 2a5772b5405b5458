"""Which package of the system a file belongs to, from the files of dpkg's or apk's database.

dpkg-query(1): ``/var/lib/dpkg/info/NAME[:ARCH].list`` has the paths of a package, one a line,
``/var/lib/dpkg/status`` its version. apk_db(5): ``/lib/apk/db/installed``. No program is run.
The database of rpm is not read.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path

from eintr_trace.model.c_stack import Package
from eintr_trace.native.bounded_files import names_in, read_bounded, read_text_bounded

_DATABASE = "var/lib/dpkg"
_APK_DATABASE = "lib/apk/db/installed"
_LIST = ".list"
# The largest list of Debian 12 has 1 MB, the status of a full installation some 10 MB.
_MAX_LIST_BYTES = 16 << 20
_MAX_STATUS_BYTES = 64 << 20
_PROGRAM_FILES = re.compile(rb"^/(?:.*\.so(?:\.[^/\n]*)?|(?:usr/)?s?bin/[^/\n]+)$", re.MULTILINE)
_FIELD = re.compile(r"^(Package|Architecture|Version): (.*)$", re.MULTILINE)
# Directories that are links into /usr since Debian 12, though packages may list the old paths.
_MERGED = ("/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/")
_USR = "/usr"


class SystemPackages:
    """The packages installed below ``root``; the database is read when first asked."""

    def __init__(self, root: Path) -> None:
        self._database = root / _DATABASE
        self._apk_database = root / _APK_DATABASE

    def owner(self, file: str) -> Package | None:
        """Give the package that installed ``file``; ``None``: none says so."""
        for path in _names_of(file):
            listed = self._packages.get(path)
            if listed is not None:
                name, _, architecture = listed.partition(":")
                return Package(name, self._versions.get((name, architecture)))
            if path in self._of_apk:
                return self._of_apk[path]
        return None

    @cached_property
    def _packages(self) -> dict[str, str]:
        """The package (``libc6:amd64``) of each program file that a list has."""
        packages: dict[str, str] = {}
        info = self._database / "info"
        for name in names_in(info):
            if name.endswith(_LIST):
                owner = name.removesuffix(_LIST)
                for path in _PROGRAM_FILES.findall(read_bounded(info / name, _MAX_LIST_BYTES)):
                    packages.setdefault(path.decode("utf-8", "surrogateescape"), owner)
        return packages

    @cached_property
    def _of_apk(self) -> dict[str, Package]:
        """The package of each program file: lines P:name, V:version, F:directory, R:file."""
        packages: dict[str, Package] = {}
        said = {"P": "", "V": "", "F": ""}
        for line in read_text_bounded(self._apk_database, _MAX_STATUS_BYTES).splitlines():
            kind, _, value = line.partition(":")
            if kind == "R" and (".so" in value or said["F"].endswith("bin")):
                packages[f"/{said['F']}/{value}"] = Package(said["P"], said["V"] or None)
            elif kind in said:
                said[kind] = value
        return packages

    @cached_property
    def _versions(self) -> dict[tuple[str, str], str]:
        """The version by name and architecture; without an architecture where one is enough."""
        versions: dict[tuple[str, str], str] = {}
        text = read_text_bounded(self._database / "status", _MAX_STATUS_BYTES)
        for paragraph in text.split("\n\n"):
            fields = dict(_FIELD.findall(paragraph))
            name, version = fields.get("Package"), fields.get("Version")
            if name is not None and version is not None:
                versions[name, fields.get("Architecture", "")] = version
                versions.setdefault((name, ""), version)
        return versions


def _names_of(file: str) -> list[str]:
    """Give the paths under which a package may list a file, since /lib is a link to /usr/lib."""
    names = [file]
    if file.startswith(_MERGED):
        names.append(_USR + file)
    elif file.removeprefix(_USR).startswith(_MERGED):
        names.append(file.removeprefix(_USR))
    return names
