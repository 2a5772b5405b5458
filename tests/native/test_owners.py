"""Whose code a program file is: real interpreters, a folder made like a venv, Debian's dpkg."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eintr_trace.model.c_stack import CodeRole, Package
from eintr_trace.native.owners import Owner, Owners

NOTHING: tuple[str, ...] = ()
DPKG_STATUS = Path("/var/lib/dpkg/status")
ASK_FOR_MODULES = """
import _ctypes, _socket, sys
for module in (_ctypes, _socket):
    print(getattr(module, "__file__", ""))
"""


def owner(file: str, *exports: str, soname: str | None = None, exe: str | None = None) -> Owner:
    return Owners(os.getpid(), exe).of(file, soname, exports)


def exports_of(file: Path) -> tuple[str | None, tuple[str, ...]]:
    """Ask nm(1) and readelf(1), which know ELF without us."""
    names = subprocess.run(["nm", "-D", "--defined-only", file], capture_output=True, text=True)
    dynamic = subprocess.run(["readelf", "-d", file], capture_output=True, text=True)
    sonames = [line.split("[")[1][:-1] for line in dynamic.stdout.splitlines() if "SONAME" in line]
    return (sonames[0] if sonames else None), tuple(
        line.split()[-1] for line in names.stdout.splitlines()
    )


@pytest.mark.parametrize(
    ("file", "soname", "role"),
    [
        ("/usr/lib/x86_64-linux-gnu/libc.so.6", "libc.so.6", CodeRole.C_LIBRARY),
        ("/lib/x86_64-linux-gnu/libpthread-2.31.so", "libpthread.so.0", CodeRole.C_LIBRARY),
        ("/lib64/ld-linux-x86-64.so.2", "ld-linux-x86-64.so.2", CodeRole.C_LIBRARY),
        ("/lib/ld-musl-x86_64.so.1", None, CodeRole.C_LIBRARY),
        ("[vdso]", "linux-vdso.so.1", CodeRole.C_LIBRARY),
        ("/usr/lib/libcurl.so.4.8.0", "libcurl.so.4", CodeRole.LIBRARY),
        ("/usr/lib/libcrypt.so.1", "libcrypt.so.1", CodeRole.LIBRARY),
        ("/w/cffi.libs/libffi-d78936b1.so.8.1.4", "libffi-d78936b1.so.8.1.4", CodeRole.CTYPES),
        ("/p/lib/python3.11/lib-dynload/_ctypes.cpython-311.so", None, CodeRole.CTYPES),
        ("/p/lib/python2.7/lib-dynload/_ctypes.so", None, CodeRole.CTYPES),
        ("/p/lib/python3.11/lib-dynload/_socket.cpython-311.so", None, CodeRole.CPYTHON),
        ("/p/lib/libpython3.so", "libpython3.so", CodeRole.CPYTHON),
    ],
)
def test_roles_by_name(file: str, soname: str | None, role: CodeRole) -> None:
    assert owner(file, soname=soname).role is role


def test_the_interpreter_and_a_program_that_embeds_it() -> None:
    marks = ("Py_GetVersion", "main")
    assert owner("/v/bin/python3.11d", *marks, exe="/v/bin/python3.11d").role is CodeRole.CPYTHON
    assert owner("/v/bin/python2.7", exe="/v/bin/python2.7").role is CodeRole.CPYTHON
    assert owner("/v/bin/uwsgi", *marks, exe="/v/bin/uwsgi").role is CodeRole.PROGRAM


def test_a_function_called_init_makes_no_module() -> None:
    library = owner("/usr/lib/libthing.so.1", "init_everything", "initthing")
    assert (library.role, library.module) == (CodeRole.LIBRARY, None)
    old = owner("/v/site-packages/old/_thing.so", "init_thing")
    assert (old.role, old.module) == (CodeRole.EXTENSION, "old._thing")
    older = owner("/v/site-packages/thingmodule.so", "initthing")
    assert (older.role, older.module) == (CodeRole.EXTENSION, "thing")


def test_the_version_in_a_name() -> None:
    assert owner("/x/libpq.so.5.15").version == "5.15"
    assert owner("/x/libpq-a17e3caa.so.5.17").version == "5.17"
    assert owner("/x/libc-2.31.so", soname="libc.so.6").version == "2.31"
    assert owner("/x/libc.so.6").version is None
    assert owner("/x/libpython3.11.so.1.0").version is None


def test_the_files_of_a_real_interpreter(python: tuple[tuple[int, int], Path]) -> None:
    exe = str(python[1])
    assert owner(exe, *exports_of(python[1])[1], exe=exe).role is CodeRole.CPYTHON
    asked = subprocess.run([exe, "-c", ASK_FOR_MODULES], capture_output=True, text=True)
    files = asked.stdout.splitlines()
    roles = {"_ctypes": CodeRole.CTYPES, "_socket": CodeRole.CPYTHON}
    # Debian's interpreters have _socket built in.
    of_a_file = [Path(file) for file in files if file]
    assert of_a_file
    for file in of_a_file:
        name = file.name.partition(".")[0]
        assert owner(str(file), *exports_of(file)[1]).role is roles[name]


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """A folder laid out as pip installs a wheel that auditwheel has repaired."""
    packages = tmp_path / "venv/lib/python3.11/site-packages"
    (packages / "fast_db/io").mkdir(parents=True)
    (packages / "fast_db.libs").mkdir()
    metadata = packages / "fast_db_binary-2.9.9.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: fast-db\nVersion: 2.9.9\n\nX")
    (metadata / "RECORD").write_text(
        "fast_db/io/_fast.abi3.so,sha256=xyz,335089\n"
        '"fast_db/io/odd, name.so",,\n'
        "fast_db.libs/libq-a17e3caa.so.5.17,,\n"
        "../../../bin/fastd,,\n"
    )
    return packages


def test_a_compiled_extension_in_a_venv(venv: Path) -> None:
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    file = venv / "fast_db/io/_fast.abi3.so"
    code = "void *PyInit__fast(void) { return 0; }"
    command = [compiler, "-shared", "-fPIC", "-x", "c", "-", "-o", str(file)]
    subprocess.run(command, input=code, text=True, check=True)
    soname, exports = exports_of(file)
    assert owner(str(file), *exports, soname=soname) == Owner(
        CodeRole.EXTENSION, "fast_db.io._fast", None, Package("fast-db", "2.9.9")
    )


def test_a_library_and_a_program_of_the_same_wheel(venv: Path) -> None:
    package = Package("fast-db", "2.9.9")
    library = owner(str(venv / "fast_db.libs/libq-a17e3caa.so.5.17"))
    assert library == Owner(CodeRole.LIBRARY, None, "5.17", package)
    assert owner(str(venv / "fast_db/io/odd, name.so")).package == package
    program = str(venv.parents[2] / "bin/fastd")
    assert owner(program, exe=program) == Owner(CodeRole.PROGRAM, None, None, package)
    assert owner(str(venv / "fast_db/io/other.so")).package is None


def test_a_library_that_was_replaced_since(venv: Path) -> None:
    library = str(venv / "fast_db.libs/libq-a17e3caa.so.5.17")
    found = Owners(os.getpid(), None).of(library, None, NOTHING, deleted=True)
    assert found.package == Package("fast-db", None)


def test_metadata_that_is_missing_or_broken(venv: Path) -> None:
    metadata = venv / "fast_db_binary-2.9.9.dist-info"
    library = str(venv / "fast_db.libs/libq-a17e3caa.so.5.17")
    (metadata / "METADATA").unlink()
    assert owner(library).package == Package("fast_db_binary", "2.9.9")
    (metadata / "RECORD").unlink()
    os.mkfifo(metadata / "RECORD")
    assert owner(library).package is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(record=st.binary(max_size=300), headers=st.binary(max_size=100))
def test_any_metadata(venv: Path, record: bytes, headers: bytes) -> None:
    metadata = venv / "fast_db_binary-2.9.9.dist-info"
    (metadata / "RECORD").write_bytes(record)
    (metadata / "METADATA").write_bytes(headers)
    assert owner(str(venv / "fast_db/io/_fast.abi3.so")).role is CodeRole.LIBRARY


@pytest.mark.parametrize(
    ("metadata", "files", "found"),
    [
        (
            "old-1.2-py2.7.egg-info",
            {"installed-files.txt": "../old/_old.so\nPKG-INFO\n"},
            Package("old", "1.2"),
        ),
        ("old.egg-info", {"PKG-INFO": "Name: Old\nVersion: 3\n", "top_level.txt": "old\n"}, None),
    ],
)
def test_eggs(tmp_path: Path, metadata: str, files: dict[str, str], found: Package | None) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / metadata).mkdir()
    for name, text in files.items():
        (tmp_path / metadata / name).write_text(text)
    assert owner(str(tmp_path / "old/_old.so")).package == (found or Package("Old", "3"))


def test_a_library_inside_an_egg(tmp_path: Path) -> None:
    egg = tmp_path / "site-packages/old-1.2-py2.7-linux-x86_64.egg"
    assert owner(str(egg / "old/_old.so")).package == Package("old", "1.2")


CONDA_RECORD = """{"name": "libpq", "version": "17.2", "build": "h3b95a9b_1",
 "files": ["lib/libpq.so", "lib/libpq.so.5.17", "include/libpq-fe.h"]}"""


@pytest.mark.parametrize(
    ("record", "found"),
    [
        (CONDA_RECORD, Package("libpq", "17.2")),
        (CONDA_RECORD[:-1], None),
        ("[1]", None),
        ('{"name": "libpq", "version": "17.2", "files": 3}', None),
        ("[" * 100_000, None),
    ],
)
def test_a_library_of_a_conda_environment(
    tmp_path: Path, record: str, found: Package | None
) -> None:
    (tmp_path / "conda-meta").mkdir()
    (tmp_path / "conda-meta/libpq-17.2-h3b95a9b_1.json").write_text(record)
    assert owner(str(tmp_path / "lib/libpq.so.5.17")).package == found


def test_apk_of_another_root_directory(tmp_path: Path) -> None:
    database = tmp_path / "lib/apk/db/installed"
    database.parent.mkdir(parents=True)
    database.write_text(
        "P:musl\nV:1.2.5-r0\nF:lib\nR:ld-musl-x86_64.so.1\n\n"
        "P:libpq\nV:17.2-r0\nF:usr/lib\nR:libpq.so.5.17\na:0:0:777\n"
    )
    owners = Owners(os.getpid(), None, tmp_path)
    musl = owners.of("/lib/ld-musl-x86_64.so.1", None, NOTHING)
    assert musl == Owner(CodeRole.C_LIBRARY, None, None, Package("musl", "1.2.5-r0"))
    libpq = owners.of("/usr/lib/libpq.so.5.17", "libpq.so.5", NOTHING)
    assert libpq.package == Package("libpq", "17.2-r0")
    assert owners.of("/usr/lib/libpq.so.5.16", "libpq.so.5", NOTHING).package is None


def write_dpkg(root: Path, listed: str, status: str) -> None:
    info = root / "var/lib/dpkg/info"
    info.mkdir(parents=True)
    (info / "libq5:amd64.list").write_text(listed)
    (info.parent / "status").write_text(status)


STATUS = "Package: libq5\nArchitecture: i386\nVersion: 1\n\nPackage: libq5\nArchitecture: amd64\n"


@pytest.mark.parametrize("mapped", ["/usr/lib/x/libq.so.5.17", "/lib/x/libq.so.5.17"])
@pytest.mark.parametrize("listed", ["/usr/lib/x/libq.so.5.17", "/lib/x/libq.so.5.17"])
def test_dpkg_of_another_root_directory(tmp_path: Path, mapped: str, listed: str) -> None:
    write_dpkg(tmp_path, f"/.\n{listed}\n/usr/share/doc\n", f"{STATUS}Version: 2:17.2-1\n\n")
    package = Owners(os.getpid(), None, tmp_path).of(mapped, None, NOTHING).package
    assert package == Package("libq5", "2:17.2-1")


def test_dpkg_without_a_version(tmp_path: Path) -> None:
    write_dpkg(tmp_path, "/usr/lib/x/libq.so.5.17\n", "nonsense")
    owners = Owners(os.getpid(), None, tmp_path)
    assert owners.of("/usr/lib/x/libq.so.5.17", None, NOTHING).package == Package("libq5", None)
    assert owners.of("/usr/lib/x/libother.so.1", None, NOTHING).package is None


@pytest.fixture
def libc() -> str:
    if not DPKG_STATUS.exists():
        pytest.skip("this system has no dpkg")
    lines = Path("/proc/self/maps").read_text().splitlines()
    return next(line.split()[-1] for line in lines if line.endswith("/libc.so.6"))


def test_debians_own_c_library(libc: str) -> None:
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version}", "libc6"], capture_output=True, text=True
    )
    found = owner(libc, soname="libc.so.6")
    assert found.package is not None
    assert f"{found.package.name} {found.package.version}" == asked.stdout


def test_a_process_that_is_gone(venv: Path) -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    library = str(venv / "fast_db.libs/libq-a17e3caa.so.5.17")
    assert Owners(gone.pid, None).of(library, None, NOTHING).package == Package("fast-db", "2.9.9")
