"""Where to start reading an interpreter: its version, its layout and its first addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from eintr_trace.facts.c_functions import (
    DEALLOC_FUNCTIONS,
    ERRNO_EXCEPTION_FUNCTIONS,
    EVALUATION_LOOP_FUNCTIONS,
    SIGNAL_CHECK_FUNCTIONS,
)
from eintr_trace.facts.cpython_layouts import Layout, debug_offset_positions, layout_for, layouts
from eintr_trace.interpreter import machine_code, pypy
from eintr_trace.interpreter.errors import NotReadableInterpreterError
from eintr_trace.interpreter.machine_code import Pattern
from eintr_trace.interpreter.memory import Memory
from eintr_trace.interpreter.program_image import ProgramImage, ProgramImages
from eintr_trace.native.code_roles import CPYTHON_MARK

# NSIG of Linux and {int tripped; PyObject *func}, Modules/signalmodule.c.
HANDLER_ENTRIES = 65
HANDLER_ENTRY_BYTES = 16

# Of a split function the unlikely part has a symbol of its own (gcc, -freorder-functions).
_FUNCTIONS = (
    *ERRNO_EXCEPTION_FUNCTIONS,
    *SIGNAL_CHECK_FUNCTIONS,
    *EVALUATION_LOOP_FUNCTIONS,
    *DEALLOC_FUNCTIONS,
    *(f"{name}.cold" for name in EVALUATION_LOOP_FUNCTIONS),
)

_IMAGES = ProgramImages(
    (CPYTHON_MARK, pypy.MARK),
    (
        pypy.VERSION_SYMBOL,
        "_PyRuntime",  # 3.7+
        "Py_Version",  # 3.11+
        "PyCode_Type",
        "interp_head",
        "PyInterpreterState_Head",
        "Handlers",
        "PyErr_SetInterrupt",
        "PyErr_SetInterruptEx",
        "PyOS_InterruptOccurred",
        "PyUnicodeUCS2_FromObject",  # 2.7 with Py_UNICODE of 2 bytes (Include/unicodeobject.h)
        "_Py_PrintReferences",  # only with Py_TRACE_REFS (Objects/object.c)
        *_FUNCTIONS,
    ),
)
_RUNTIME_SECTION = ".PyRuntime"  # 3.10+, Python/pylifecycle.c
_RUNTIME_SINCE = (3, 7)
_HANDLERS_IN_RUNTIME_SINCE = (3, 12)

# _Py_DebugOffsets, Include/internal/pycore_runtime.h (3.13), pycore_debug_offsets.h (3.14):
# {char cookie[8]; uint64_t version (PY_VERSION_HEX); uint64_t free_threaded; ...}
_DEBUG_OFFSETS_COOKIE = b"xdebugpy"
_DEBUG_OFFSETS_HEADER_BYTES = 24
# The largest structure described, PyInterpreterState, has 250 KB (3.14, free-threaded).
_MAX_OFFSET = 1 << 24

_VERSION_TEXT = re.compile(rb"(\d)\.(\d{1,2})\.(\d{1,3})")
_VERSION_TEXT_BYTES = 16


@dataclass(frozen=True)
class LocatedInterpreter:
    """Where to start reading a process. Addresses are the process's; ``None``: not found.

    ``version`` is (major, minor, micro). ``interpreters_head`` points to the first
    PyInterpreterState, ``handlers`` is the table of signal handlers, ``main_thread`` holds
    the pthread id of Python's main thread, ``code_type`` is PyCode_Type. ``unicode_bytes``
    is 2.7's sizeof(Py_UNICODE). ``functions`` has where the functions of
    ``facts.c_functions`` lie that the file names, and their unlikely parts (``.cold``).
    """

    version: tuple[int, int, int]
    layout: Layout
    interpreters_head: int
    handlers: int | None
    main_thread: int | None
    code_type: int | None
    unicode_bytes: int
    functions: Mapping[str, range] = field(default_factory=dict)


def locate_interpreter(tgid: int, memory: Memory) -> LocatedInterpreter:
    """Find CPython in a process.

    Raises NotReadableInterpreterError, OSError when /proc/PID is gone, and ReadError when
    the process ends or changes meanwhile.
    """
    image = _IMAGES.find(tgid, memory)
    other = pypy.pypy_of(image, memory)
    if other is not None:
        raise NotReadableInterpreterError(f"{other.name}: only CPython's memory can be read", other)
    if image.symbol("_Py_PrintReferences") is not None:
        raise NotReadableInterpreterError(
            "CPython built with Py_TRACE_REFS: its objects are laid out differently"
        )
    runtime = image.symbol("_PyRuntime") or image.section(_RUNTIME_SECTION)
    version, free_threaded = _version(memory, image, runtime)
    layout = _layout(memory, runtime, version, free_threaded=free_threaded)
    return LocatedInterpreter(
        version=version,
        layout=layout,
        interpreters_head=_interpreters_head(memory, image, layout, runtime),
        handlers=_handlers(memory, image, layout, runtime),
        main_thread=_main_thread(memory, image, layout, runtime),
        code_type=image.symbol("PyCode_Type"),
        unicode_bytes=2 if image.symbol("PyUnicodeUCS2_FromObject") is not None else 4,
        functions=_functions(image),
    )


def _functions(image: ProgramImage) -> dict[str, range]:
    found: dict[str, range] = {}
    for name in _FUNCTIONS:
        address = image.symbol(name)
        if address is not None:
            found[name] = range(address, address + image.elf.symbols[name].size_bytes)
    return found


def _version(
    memory: Memory, image: ProgramImage, runtime: int | None
) -> tuple[tuple[int, int, int], bool]:
    if runtime is not None:
        header = memory.read(runtime, _DEBUG_OFFSETS_HEADER_BYTES)
        if header.startswith(_DEBUG_OFFSETS_COOKIE):
            return _from_hex(int.from_bytes(header[8:16], "little")), any(header[16:24])
    version_hex = image.symbol("Py_Version")
    if version_hex is not None:
        return _from_hex(memory.unsigned(version_hex)), False
    for address in _decode(memory, image, (CPYTHON_MARK,), machine_code.VERSION):
        match = _VERSION_TEXT.match(memory.read_some(address, _VERSION_TEXT_BYTES))
        if match is not None:
            return (int(match[1]), int(match[2]), int(match[3])), False
    raise NotReadableInterpreterError("CPython, but its version cannot be found")


def _from_hex(version_hex: int) -> tuple[int, int, int]:
    """PY_VERSION_HEX, Include/patchlevel.h."""
    return version_hex >> 24 & 0xFF, version_hex >> 16 & 0xFF, version_hex >> 8 & 0xFF


def _layout(
    memory: Memory, runtime: int | None, version: tuple[int, int, int], *, free_threaded: bool
) -> Layout:
    layout = layout_for(version[:2], free_threaded=free_threaded)
    if layout is None:
        known = sorted({row.version for row in layouts()})
        names = ", ".join(f"{major}.{minor}" for major, minor in known)
        build = " (free-threaded)" if free_threaded else ""
        raise NotReadableInterpreterError(
            f"CPython {'.'.join(map(str, version))}{build}: "
            f"the layout of this version is not known (known are {names})"
        )
    positions = debug_offset_positions(version[:2])
    if positions is None or runtime is None:
        return layout
    offsets = {name: memory.unsigned(runtime + at) for name, at in positions.items()}
    if max(offsets.values()) > _MAX_OFFSET:
        raise NotReadableInterpreterError("CPython, but its _Py_DebugOffsets make no sense")
    return layout.with_offsets(offsets, f"_Py_DebugOffsets, else {layout.source}")


def _interpreters_head(
    memory: Memory, image: ProgramImage, layout: Layout, runtime: int | None
) -> int:
    if layout.version >= _RUNTIME_SINCE:
        if runtime is None:
            raise NotReadableInterpreterError("CPython, but its _PyRuntime cannot be found")
        return runtime + layout.offset("_PyRuntimeState", "interpreters.head")
    head = image.symbol("interp_head")
    if head is not None:
        return head
    functions = ("PyInterpreterState_Head",)
    for address in _decode(memory, image, functions, machine_code.INTERP_HEAD):
        return address
    raise NotReadableInterpreterError("CPython, but its list of interpreters cannot be found")


def _handlers(
    memory: Memory, image: ProgramImage, layout: Layout, runtime: int | None
) -> int | None:
    candidates: list[int] = []
    if layout.version >= _HANDLERS_IN_RUNTIME_SINCE and runtime is not None:
        candidates.append(runtime + layout.offset("_PyRuntimeState", "signals.handlers"))
    table = image.symbol("Handlers")
    if table is not None:
        candidates.append(table)
    functions = ("PyErr_SetInterruptEx", "PyErr_SetInterrupt")
    candidates.extend(_decode(memory, image, functions, machine_code.HANDLERS))
    return next((address for address in candidates if _is_handlers(memory, address)), None)


def _is_handlers(memory: Memory, address: int) -> bool:
    """Whether a table of {0 or 1, aligned pointer or NULL} lies there."""
    data = memory.read_some(address, HANDLER_ENTRIES * HANDLER_ENTRY_BYTES)
    if len(data) != HANDLER_ENTRIES * HANDLER_ENTRY_BYTES:
        return False
    words = [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data), 8)]
    tripped, functions = words[::2], words[1::2]
    return max(tripped) <= 1 and all(
        function == 0 or (function % 8 == 0 and memory.read_some(function, 1))
        for function in set(functions)
    )


def _main_thread(
    memory: Memory, image: ProgramImage, layout: Layout, runtime: int | None
) -> int | None:
    if layout.has("_PyRuntimeState", "main_thread"):
        if runtime is None:
            return None
        return runtime + layout.offset("_PyRuntimeState", "main_thread")
    functions = ("PyOS_InterruptOccurred",)
    return next(_decode(memory, image, functions, machine_code.MAIN_THREAD), None)


def _decode(
    memory: Memory, image: ProgramImage, functions: tuple[str, ...], patterns: tuple[Pattern, ...]
) -> Iterator[int]:
    for name in functions:
        address = image.symbol(name)
        if address is not None:
            size = image.elf.symbols[name].size_bytes or machine_code.CODE_BYTES
            code = memory.read_some(address, min(size, machine_code.CODE_BYTES))
            yield from machine_code.addresses(code, address, patterns)
