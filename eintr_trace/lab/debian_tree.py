"""A Debian base system in a folder of its own, made with debootstrap, and commands run in it.

Everything happens in mount and PID namespaces of their own (namespaces(7)): what is mounted
there is gone with the command, and so is every process it started, also when this program is
killed. apt-secure(8): the archive's Release file carries a date after which it is not
accepted. Where that has passed (a clock that runs ahead, a mirror that lags), the signature is
still checked, in this tree, the date is not.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.processes import ended_with

_TOOLS = {"debootstrap": "debootstrap", "unshare": "util-linux", "chroot": "coreutils"}
# debootstrap knows only the suites of its own time by name; sid's script serves them all.
_SCRIPT = Path("/usr/share/debootstrap/scripts/sid")
_DEFAULT_MIRROR = ""
_NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PASSED_ON = ("http_proxy", "https_proxy", "no_proxy")
_APT_CONFIGURATION = """\
// Written by eintr-trace, for this tree only.
Acquire::Check-Valid-Until "false";
APT::Install-Recommends "false";
"""
_SAID_LINES = 5


@dataclass(frozen=True)
class DebianTree:
    """A base system of ``suite`` at ``folder``; ``log`` has what the commands printed."""

    folder: Path
    suite: str
    log: Path

    @property
    def is_there(self) -> bool:
        """Whether the tree has been made; it is then whole, as it is made beside and renamed."""
        return self.folder.exists()

    def make(self) -> None:
        """Make the tree. Raises EintrTraceError when it cannot be made."""
        unfinished = self.folder.with_name(f"{self.folder.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        self._run(
            "make a Debian base system",
            [
                *_NAMESPACES,
                "debootstrap",
                "--variant=minbase",
                self.suite,
                str(unfinished),
                _DEFAULT_MIRROR,
                str(_SCRIPT),
            ],
        )
        (unfinished / "etc/apt/apt.conf.d/eintr-trace").write_text(_APT_CONFIGURATION)
        unfinished.rename(self.folder)

    def run(self, purpose: str, script: str) -> None:
        """Run a shell script as root in the tree, ended at its first error.

        ``purpose`` completes "Cannot …" in the message of the EintrTraceError that a failure
        raises.
        """
        inside = [f"--root={self.folder}", "--wd=/", "--mount-proc"]
        self._run(purpose, [*_NAMESPACES, *inside, "/bin/sh", "-eu", "-c", script])

    def install(self, packages: Sequence[str]) -> None:
        """Install packages, finishing first what an earlier run may have left half done."""
        self.run(
            f"install {' '.join(packages)}",
            "dpkg --configure -a\n"
            "apt-get --yes --fix-broken install\n"
            "apt-get --yes update\n"
            f"apt-get --yes install {' '.join(packages)}\n",
        )

    def _run(self, purpose: str, command: Sequence[str]) -> None:
        with self.log.open("ab") as log:
            start = log.tell()
            try:
                done = subprocess.run(
                    command,
                    env=_environment(os.environ),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    check=False,
                    preexec_fn=ended_with(os.getpid()),
                )
            except OSError as error:
                raise EintrTraceError(f"cannot {purpose}: {error}", _REMEDY) from error
        if done.returncode:
            raise EintrTraceError(
                f"cannot {purpose}; the end of {self.log} says: {_last_said(self.log, start)}",
                _REMEDY,
            )


_REMEDY = "Run the same command again: it goes on where it stopped"


def require_tools() -> None:
    """Raise EintrTraceError, saying what to do, where a tree cannot be made at all."""
    if os.geteuid() != 0:
        raise EintrTraceError(
            "making a Debian tree needs root (chroot(2), mknod(2))",
            "Run it as root, with EINTR_TRACE_LAB naming your own lab folder",
        )
    missing = [package for tool, package in _TOOLS.items() if shutil.which(tool) is None]
    if missing:
        raise EintrTraceError(
            f"making a Debian tree needs {' and '.join(missing)}",
            f"On Debian and its derivatives: apt-get install {' '.join(missing)}",
        )


@contextmanager
def only_one(lock: Path) -> Iterator[IO[bytes]]:
    """Hold ``lock``; raises EintrTraceError while another process holds it.

    The kernel lets go of it when the process ends, however it ends (flock(2)).
    """
    with lock.open("ab") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise EintrTraceError(
                f"another process is making the same tree (it holds {lock})", "Wait for it"
            ) from error
        yield stream


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables for the commands: none of the user's but the proxies."""
    kept = {name: environ[name] for name in _PASSED_ON if name in environ}
    fixed = {"PATH": _PATH, "HOME": "/root", "LC_ALL": "C.UTF-8"}
    return kept | fixed | {"DEBIAN_FRONTEND": "noninteractive"}


def _last_said(log: Path, start: int) -> str:
    with log.open("rb") as stream:
        stream.seek(start)
        lines = stream.read().decode(errors="replace").splitlines()
    return " / ".join(line.strip() for line in lines[-_SAID_LINES:] if line.strip()) or "nothing"
