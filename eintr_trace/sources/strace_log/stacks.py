"""The frames of ``-k`` as the C stack of a thread."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from eintr_trace.model.c_stack import CFrame, CStack, StackEnd
from eintr_trace.model.events import Event
from eintr_trace.model.stack_events import LibrarySeen, StackMoment, StackSeen
from eintr_trace.native.code_roles import CPYTHON_MARK, module_name, role_of, version_in_name
from eintr_trace.sources.strace_log.lines import StackLine
from eintr_trace.sources.strace_log.programs import Program, is_python

# strace's own limit: unwind-libunwind.c and unwind-libdw.c, "depth > 256" and max 256 frames.
MOST_FRAMES: Final = 256
# importlib.machinery.EXTENSION_SUFFIXES: what is named so exports PyInit_<name>.
_EXTENSION_MODULE = re.compile(r"(\w+)\.(?:cpython-[\w-]+|abi3)\.so$")


def stack_events(
    program: Program, at: Event, moment: StackMoment, frames: tuple[StackLine, ...]
) -> Iterator[Event]:
    """Tell the stack of the thread of ``at``, and of the files that were not told of yet."""
    for frame in frames:
        if frame.file is not None and frame.file not in program.libraries:
            program.libraries.add(frame.file)
            yield _library(at, frame.file, program.exe)
    yield StackSeen(at.time_ns, at.tgid, at.tid, moment, _stack(frames))


def _library(at: Event, file: str, exe: str | None) -> LibrarySeen:
    extension = _EXTENSION_MODULE.match(PurePosixPath(file).name)
    exports = () if extension is None else (f"PyInit_{extension[1]}",)
    if is_python(file):
        exports = (CPYTHON_MARK,)  # an interpreter that has its library inside
    return LibrarySeen(
        at.time_ns,
        at.tgid,
        at.tid,
        file=file,
        role=role_of(file, None, exports, exe),
        module=module_name(file, exports),
        version=version_in_name(file),
    )


def _stack(lines: tuple[StackLine, ...]) -> CStack:
    """Take the frames up to the first that strace could not show."""
    frames: list[CFrame] = []
    for line in lines:
        if line.file is None or line.address is None:
            return CStack(tuple(frames), StackEnd.NOT_MAPPED)
        offset = line.address if line.function is None else line.offset
        frames.append(CFrame(line.address, line.function, offset, line.file))
    end = StackEnd.TOO_DEEP if len(frames) >= MOST_FRAMES else StackEnd.OUTERMOST
    return CStack(tuple(frames), end)
