"""The experiment's own copy of Apache Thrift: one pure-Python folder for 2.7 and 3.x.

The same release for every interpreter, so that only the interpreter differs. 0.21.0 is the
newest that imports on 2.7. Its C extension is left out: with ``CC=false`` its setup.py
(sdist of 0.21.0, ``except BuildFailed``) builds the package without, and needs no compiler.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.folder import lab_folder

THRIFT_VERSION = "0.21.0"
SIX_VERSION = "1.17.0"
INSTALL_LIMIT_S = 300.0
_NEEDED = ("six.py", "thrift/Thrift.py", "thrift/transport/TSocket.py")


_MOST_SAID = 200  # characters of pip's last line; shutil.Error lists every file


def thrift_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder that goes on PYTHONPATH, installed or not."""
    return lab_folder(environ) / f"thrift-{THRIFT_VERSION}"


def ensure_thrift(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder with Thrift and six, installing them from PyPI if need be.

    Installs beside and renames, so that a folder that exists is whole, also after a crash
    and with two installing at once. Raises EintrTraceError when it cannot be installed.
    """
    folder = thrift_folder(environ)
    if folder.exists():
        _require_whole(folder)
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise EintrTraceError(
            f"cannot write to {folder.parent}: {error.strerror}",
            "Name a writable folder in EINTR_TRACE_LAB",
        ) from error
    try:
        _install(unfinished, folder, environ)
        _require_whole(unfinished)
        _put_in_place(unfinished, folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder


def _install(target: Path, wanted: Path, environ: Mapping[str, str]) -> None:
    """Run pip. Its cache is left out: it could hold a wheel with the C extension."""
    requirements = [f"thrift=={THRIFT_VERSION}", f"six=={SIX_VERSION}"]
    what = ["install", "--no-deps", "--no-compile", "--no-binary", "thrift", *requirements]
    command = [sys.executable, "-m", "pip", "--no-cache-dir", *what, "--target", str(target)]
    try:
        done = subprocess.run(
            command,
            env={**environ, "CC": "false", "CXX": "false", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=INSTALL_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise EintrTraceError(
            f"installing Apache Thrift took more than {INSTALL_LIMIT_S:.0f} s",
            "Check the connection to PyPI and try again",
        ) from error
    if done.returncode:
        raise EintrTraceError(
            f"cannot install {' and '.join(requirements)}: pip says: {_last_line(done.stdout)}",
            "The experiment needs PyPI once (pip's own settings, such as PIP_INDEX_URL, apply), "
            f"or copy the folder {wanted} from a machine that has it",
        )


def _put_in_place(unfinished: Path, folder: Path) -> None:
    unfinished.chmod(0o755)
    try:
        unfinished.rename(folder)
    except OSError:
        # Another run was faster: rename(2) does not replace a folder that is not empty.
        if not folder.is_dir():
            raise


def _require_whole(folder: Path) -> None:
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    compiled = [path.name for path in folder.rglob("*.so")]
    if missing or compiled:
        wrong = f"lacks {missing[0]}" if missing else f"holds a C extension ({compiled[0]})"
        raise EintrTraceError(
            f"the experiment's copy of Apache Thrift, {folder}, {wrong}",
            "Remove that folder and run again: it will be installed anew",
        )


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:_MOST_SAID] if lines else "nothing"
