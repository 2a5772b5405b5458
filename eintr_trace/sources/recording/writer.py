"""The file that ``-o`` names: lines of a recording, each in the file before the next."""

from __future__ import annotations

import errno
import os
import stat

from eintr_trace.errors import EintrTraceError

_REMEDIES = {
    errno.ENOSPC: "Free some space or record elsewhere",
    errno.EDQUOT: "Free some of your quota or record elsewhere",
    errno.EFBIG: "Raise the limit (ulimit -f) or trace for less long",
    errno.EIO: "Check the disk, or record elsewhere",
    errno.EPIPE: "Keep the reader of the pipe alive, or record to a file",
    errno.ENOENT: "Make the directory first",
    errno.EACCES: "Choose a file that you may write",
    errno.EPERM: "Choose a file that you may write",
    errno.EROFS: "Choose a file on a file system that is writable",
    errno.EISDIR: "Name a file in that directory",
    errno.ENOTDIR: "Check the path",
}
"""What to do about an error of open(2) or write(2), by errno."""


class RecordingWriter:
    """Writes lines to a recording, unbuffered, until writing fails once.

    A disk that is full must not end the trace: the first failure is kept in ``failure`` and
    what follows is dropped, so that the file stays readable up to there.
    """

    def __init__(self, path: str) -> None:
        """Create the file, or open it. Raises EintrTraceError when that is not possible.

        What it held is there until the first line: a trace that cannot begin overwrites nothing.
        """
        self._path = path
        self._begun = False
        self.failure: EintrTraceError | None = None
        try:
            # A bare descriptor: each line is in the file, and its error known, before the next.
            self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise _explained("open", path, error) from error

    def write_line(self, line: bytes) -> EintrTraceError | None:
        """Write one line; return the error if this is the line with which writing fails."""
        if self.failure is not None:
            return None
        try:
            self._begin()
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError as error:
            self.failure = _explained("write", self._path, error)
            return self.failure
        return None

    def _begin(self) -> None:
        """Empty the file, if it is one: a pipe or a device cannot be emptied (ftruncate(2))."""
        if not self._begun and stat.S_ISREG(os.fstat(self._fd).st_mode):
            os.ftruncate(self._fd, 0)
        self._begun = True

    def close(self) -> EintrTraceError | None:
        """Close the file; return the error of a file system that reports one only now."""
        try:
            os.close(self._fd)
        except OSError as error:
            if self.failure is None:
                self.failure = _explained("write", self._path, error)
                return self.failure
        return None


def _explained(verb: str, path: str, error: OSError) -> EintrTraceError:
    number = error.errno or 0
    message = f"cannot {verb} the recording {path}: {os.strerror(number)}"
    return EintrTraceError(message, _REMEDIES.get(number))
