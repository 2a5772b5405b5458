"""A PostgreSQL server in a folder of its own, and psycopg2 to reach it with."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from eintr_trace.lab.folder import lab_folder
from eintr_trace.lab.processes import ended_with
from tests.live.harness import wait_until

_LIMIT_S = 100


def psycopg2_folder() -> Path:
    """The folder with psycopg2 for the interpreter of the tests, from PyPI; skips without."""
    tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
    folder = lab_folder() / f"psycopg2-binary-{tag}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside, then renamed: a folder that exists is whole.
    unfinished = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
    command += ["--only-binary", ":all:", "--target", str(unfinished), "psycopg2-binary>=2.9"]
    try:
        pip = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_S, check=False)
        if pip.returncode:
            pytest.skip(f"pip cannot install psycopg2-binary: {pip.stderr.strip()[-200:]}")
        unfinished.chmod(0o755)
        if not folder.exists():
            unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _server_programs() -> Path:
    """The folder of initdb and postgres: on PATH, or where Debian has them."""
    found = shutil.which("initdb")
    candidates = [Path(found)] if found else []
    candidates += Path("/usr/lib/postgresql").glob("*/bin/initdb")
    for initdb in candidates:
        if (initdb.parent / "postgres").is_file():
            return initdb.parent
    pytest.skip("no PostgreSQL server on this machine (Debian: apt-get install postgresql)")


def _owner() -> str | None:
    """Whom the server runs as: PostgreSQL refuses root. ``None``: as who runs the tests."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _accepts(folder: Path) -> bool:
    """Whether the status, the last line of postmaster.pid (miscadmin.h), says ready."""
    status = folder / "data" / "postmaster.pid"
    return status.exists() and status.read_text().rstrip().endswith("ready")


@contextmanager
def postgresql_server() -> Iterator[Path]:
    """A server that listens on a Unix socket in the folder given, and on nothing else.

    Trusts everybody as ``tester``; nothing of it is left afterwards.
    """
    programs, owner = _server_programs(), _owner()
    # Not below pytest's folder: a socket's path has at most 107 characters (unix(7)).
    with tempfile.TemporaryDirectory(prefix="eintr-trace-pg-") as name:
        folder = Path(name)
        if owner is not None:
            shutil.chown(folder, owner, pwd.getpwnam(owner).pw_gid)
        data = str(folder / "data")
        initdb = [str(programs / "initdb"), "-D", data, "-A", "trust", "-U", "tester"]
        made = subprocess.run(
            [*initdb, "--no-sync", "--no-locale", "-E", "UTF8"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
            user=owner,
            extra_groups=None if owner is None else [],
        )
        assert made.returncode == 0, made.stderr
        settings = ["fsync=off", "listen_addresses=", f"unix_socket_directories={folder}"]
        options = [word for setting in settings for word in ("-c", setting)]
        server = subprocess.Popen(
            [str(programs / "postgres"), "-D", data, *options],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(log := (folder / "log").open("wb")),
            preexec_fn=ended_with(os.getpid()),
            user=owner,
            extra_groups=None if owner is None else [],
        )
        try:
            wait_until(lambda: server.poll() is not None or _accepts(folder), "PostgreSQL is ready")
            assert server.poll() is None, (folder / "log").read_text()
            yield folder
        finally:
            server.terminate()
            server.wait(timeout=_LIMIT_S)
            log.close()
