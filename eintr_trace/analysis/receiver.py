"""Who got EINTR: the code on the C stack that is not the C library's.

Without a C stack, what Python was calling is all there is to go by: a guess, and said to be one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eintr_trace.analysis.c_side import Libraries
from eintr_trace.analysis.c_stacks import frame_role
from eintr_trace.analysis.interruption import Interruption
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.c_functions import CFunctionRole, plain_name
from eintr_trace.facts.pep475 import Pep475Row, Version, is_of_cpython, parse_version, retries_since
from eintr_trace.model.c_stack import CFrame, CodeRole
from eintr_trace.model.episodes import Confidence, Receiver
from eintr_trace.model.python_state import CalleeKind
from eintr_trace.model.stack_events import LibrarySeen

_FOREIGN = frozenset({CodeRole.CTYPES, CodeRole.EXTENSION, CodeRole.LIBRARY, CodeRole.PROGRAM})
# An executable that embeds CPython has its functions among its own (Include/, Python C API).
_CPYTHON_API = re.compile(r"_?Py[A-Za-z]*_\w+")
# libffi and _ctypes as files of their own, or inside of a statically linked interpreter.
_LIBFFI_FILE = re.compile(r"libffi\b.*")
_LIBFFI = re.compile(r"\w*ffi_call\w*")
_CTYPES_FILE = re.compile(r"_ctypes\b.*")
_CTYPES = re.compile(r"_ctypes_callproc|_call_function_pointer|PyCFuncPtr_call")


@dataclass(frozen=True)
class Located:
    """A frame, and the program file it lies in. ``function``: its name, if it has one."""

    frame: CFrame
    library: LibrarySeen

    @property
    def function(self) -> str | None:
        """The function's name, without what the compiler adds to it."""
        return None if self.frame.function is None else plain_name(self.frame.function)

    @property
    def role(self) -> CodeRole:
        """Whose code it is."""
        name = self.function or ""
        if self._is(name, _LIBFFI_FILE, _LIBFFI) or self._is(name, _CTYPES_FILE, _CTYPES):
            return CodeRole.CTYPES
        is_program = self.library.role is CodeRole.PROGRAM
        if is_program and (_CPYTHON_API.fullmatch(name) or retries_since(name) is not None):
            return CodeRole.CPYTHON
        return self.library.role

    @property
    def is_ctypes(self) -> bool:
        """Whether it is CPython's ctypes, rather than libffi, which others call through too."""
        return self._is(self.function or "", _CTYPES_FILE, _CTYPES)

    def _is(self, name: str, file: re.Pattern[str], function: re.Pattern[str]) -> bool:
        of_file = file.match(self.library.file.rpartition("/")[2]) is not None
        is_cpythons = self.library.role in {CodeRole.CPYTHON, CodeRole.PROGRAM}
        return of_file or (is_cpythons and function.fullmatch(name) is not None)


@dataclass(frozen=True)
class Reception:
    """Who got EINTR, and how that is known.

    ``library`` is the program file, where it was seen. ``functions`` are those of the receiver's
    file in a row, innermost first. ``called`` is the function of the C library that it had
    called. ``caller`` is the extension module that had called the receiver; ``through_ctypes``:
    Python had called it by way of ctypes.
    """

    receiver: Receiver
    library: LibrarySeen | None = None
    functions: tuple[str, ...] = ()
    called: str | None = None
    caller: LibrarySeen | None = None
    through_ctypes: bool = False

    @property
    def is_seen(self) -> bool:
        """Whether the C stack shows it; else it is a guess."""
        return self.receiver.confidence is Confidence.OBSERVED


def is_foreign(got_it: Reception) -> bool:
    """Tell whether it is code that is not CPython's that got EINTR."""
    return got_it.receiver.role in _FOREIGN


def reception(trail: Trail) -> Reception | None:
    """Tell who got EINTR, if the call was given up with it; ``None``: not known."""
    interruption, stack = trail.interruption, trail.c_side.interrupted
    if stack is not None:
        located = list(_located(stack.frames, trail.c_side.libraries))
        seen = _on_stack(interruption, located)
        if seen is not None:
            return seen
    return _by_callee(interruption)


def _located(frames: Sequence[CFrame], libraries: Libraries) -> Iterator[Located]:
    """Give the frames out to the first that lies in no file whose owner is known."""
    for frame in frames:
        library = None if frame.file is None else libraries.get(frame.file)
        if library is None:
            return
        yield Located(frame, library)


def _on_stack(interruption: Interruption, frames: Sequence[Located]) -> Reception | None:
    first = next((i for i, at in enumerate(frames) if at.role is not CodeRole.C_LIBRARY), None)
    if first is None:
        return None
    called = frames[first - 1].function if first else None
    outside = list(_out_to_cpython(frames[first:]))
    if outside and outside[0].role is CodeRole.CTYPES:
        return _behind_libffi(outside, called)
    at = frames[first]
    if at.role is CodeRole.CPYTHON:
        return _of_cpython(interruption, frames[first:], called)
    return _of_others(outside, called)


def _out_to_cpython(frames: Sequence[Located]) -> Iterator[Located]:
    for at in frames:
        if at.role is CodeRole.CPYTHON:
            return
        yield at


def _behind_libffi(frames: Sequence[Located], called: str | None) -> Reception:
    """Nothing but libffi between the C library and who called it: ctypes, cffi, or a library."""
    beyond = [at for at in frames if at.role is not CodeRole.CTYPES]
    if beyond and not any(at.is_ctypes for at in frames):
        return _of_others(beyond, called)
    at = next((at for at in frames if at.is_ctypes), frames[0])
    return Reception(
        Receiver(CodeRole.CTYPES, at.function, at.library.file, package=at.library.package),
        at.library,
        functions=_names(frames),
        called=called,
        through_ctypes=True,
    )


def _of_others(frames: Sequence[Located], called: str | None) -> Reception:
    at = frames[0]
    own = [frame for frame in frames if frame.library == at.library]
    # An extension may have libffi in it: _cffi_backend.
    at = next((frame for frame in own if not _LIBFFI.fullmatch(frame.function or "")), at)
    modules = [frame.library for frame in frames if frame.role is CodeRole.EXTENSION]
    caller = modules[0] if modules and modules[0] != at.library else None
    return Reception(
        Receiver(at.role, at.function, at.library.file, at.library.module, at.library.package),
        at.library,
        functions=_names(own),
        called=called,
        caller=caller,
        through_ctypes=any(frame.is_ctypes for frame in frames),
    )


def _of_cpython(
    interruption: Interruption, frames: Sequence[Located], called: str | None
) -> Reception:
    own = list(_in_to_the_loop(frames))
    at = own[0] if own else frames[0]
    names = _names(own)
    deciding = next((name for name in names if retries_since(name) is not None), None)
    since = None if deciding is None else retries_since(deciding)
    return Reception(
        Receiver(
            CodeRole.CPYTHON,
            deciding or at.function,
            at.library.file,
            package=at.library.package,
            retries_since=dotted(since or _since_of_the_call(interruption)),
        ),
        at.library,
        functions=names,
        called=called,
    )


def _in_to_the_loop(frames: Sequence[Located]) -> Iterator[Located]:
    """Give CPython's frames out to the evaluation loop: those of the call that Python made."""
    for at in frames:
        if at.role is not CodeRole.CPYTHON or frame_role(at.frame) is CFunctionRole.EVALUATION_LOOP:
            return
        yield at


def _names(frames: Sequence[Located]) -> tuple[str, ...]:
    return tuple(at.function for at in frames if at.function is not None)


def _by_callee(interruption: Interruption) -> Reception | None:
    """Go by the C callable that was found on the Python frame's value stack."""
    callee = interruption.callee
    if callee is None:
        return None
    match callee.kind:
        case CalleeKind.CTYPES:
            return Reception(_guess(CodeRole.CTYPES), through_ctypes=True)
        case CalleeKind.C_FUNCTION if is_of_cpython(callee):
            row = _only_row(interruption)
            since = None if row is None else row.retry_since
            return Reception(_guess(CodeRole.CPYTHON, _c_function(interruption), since))
        case CalleeKind.C_FUNCTION if callee.name is not None:
            # The name may have a type's in its middle: psycopg2.extensions.cursor.execute.
            return Reception(_guess(CodeRole.EXTENSION, module=callee.name.partition(".")[0]))
        case _:
            return None


def _guess(
    role: CodeRole,
    function: str | None = None,
    since: Version | None = None,
    module: str | None = None,
) -> Receiver:
    return Receiver(
        role,
        function,
        file=None,
        module=module,
        retries_since=dotted(since),
        confidence=Confidence.INFERRED,
    )


def _only_row(interruption: Interruption) -> Pep475Row | None:
    decision = interruption.pep475
    return decision.rows[0] if decision is not None and len(decision.rows) == 1 else None


def _c_function(interruption: Interruption) -> str | None:
    row, interpreter = _only_row(interruption), interruption.interpreter
    if row is None or interpreter is None:
        return None
    function = row.c_function(parse_version(interpreter.version))
    return None if function is None else function.name


def _since_of_the_call(interruption: Interruption) -> Version | None:
    """Since when the call that Python made is made again; ``None``: not known, or never."""
    decision = interruption.pep475
    since = {row.retry_since for row in decision.rows} if decision is not None else set()
    return since.pop() if len(since) == 1 else None


def dotted(version: Version | None) -> str | None:
    """Give ``3.5`` for (3, 5)."""
    return None if version is None else ".".join(str(part) for part in version)
