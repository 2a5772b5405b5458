"""The one family of errors that reach the user, each with its exit code and remedy.

Anything else that escapes is a defect of ours and keeps its traceback.
"""

from __future__ import annotations


class EintrTraceError(Exception):
    """Something the user can understand and act on; printed as one sentence and a remedy.

    ``message`` says what is wrong, ``remedy`` what to do about it (``None``: nothing to do).
    ``exit_code`` is the program's exit status: 1 could not do it, 2 wrong usage.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return self.message if self.remedy is None else f"{self.message}. {self.remedy}"


class UsageError(EintrTraceError):
    """The command line asks for something that makes no sense."""

    exit_code = 2


class MalformedInputError(EintrTraceError):
    """A file that is read is not what it should be; names the file and the line (from 1)."""

    def __init__(self, path: str, line: int | None, what: str, remedy: str | None = None) -> None:
        where = path if line is None else f"{path}:{line}"
        super().__init__(f"{where}: {what}", remedy)
        self.path = path
        self.line = line
