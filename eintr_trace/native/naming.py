"""Names for what the tracer copied: stacks and addresses to functions, files and their owners."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from itertools import groupby

from eintr_trace.model.c_stack import CFrame, CStack, PathStep, StackEnd
from eintr_trace.model.events import Event
from eintr_trace.model.stack_events import (
    CodeMapped,
    LibrarySeen,
    PathSeen,
    StackCopied,
    StackSeen,
    Stepped,
)
from eintr_trace.native.code_map import CodeMap, CodeName, Module
from eintr_trace.native.code_unwind import ProcessUnwindTables
from eintr_trace.native.mapped_files import DELETED_SUFFIX, is_deleted
from eintr_trace.native.opened_programs import OpenedPrograms
from eintr_trace.native.owners import Owner, Owners
from eintr_trace.native.unwind import UnwoundFrame, unwind

_MOST_UNPACKED_BYTES = 1 << 20
_MOST_READ_AHEAD = 64
# Nearly every stack has frames in them, and in the executable.
_LIKELY = re.compile(r".*/lib(python\d|c\.so|c-\d)[^/]*")
_ADDRESS = struct.Struct("<Q")


class Naming:
    """Turns raw events into those that a recording has.

    Files are read when a frame first lies in them, and kept for all processes; those that were
    deleted are opened at once.
    """

    def __init__(self) -> None:
        self._opened = OpenedPrograms()
        self._processes: dict[int, _Process] = {}
        self._read_ahead_of: set[str | None] = set()

    def name(self, raw: Event) -> Iterator[Event]:
        """The events that name a raw one; none for mappings, which are taken in."""
        match raw:
            case CodeMapped():
                self._mapped(raw)
            case StackCopied(tgid=tgid) if tgid in self._processes:
                yield from self._processes[tgid].stack(raw)
            case Stepped(tgid=tgid) if tgid in self._processes:
                yield from self._processes[tgid].path(raw)
            case _:
                yield from unnamed(raw, StackEnd.NOT_MAPPED)

    def forget(self, tgid: int) -> None:
        """A process has ended, or executes another program."""
        self._processes.pop(tgid, None)

    def _mapped(self, mapped: CodeMapped) -> None:
        process = self._processes.get(mapped.tgid)
        if process is not None:
            process.code = CodeMap(mapped, self._opened, process.code)
        else:
            process = _Process(mapped, CodeMap(mapped, self._opened))
            self._processes[mapped.tgid] = process
        for mapping in mapped.mappings:
            if is_deleted(mapping):
                process.code.module_at(mapping.start)  # opens it: it goes with the process
        # Some 0.3 s, once a program, mostly before its first signal.
        if mapped.exe not in self._read_ahead_of and len(self._read_ahead_of) < _MOST_READ_AHEAD:
            self._read_ahead_of.add(mapped.exe)
            process.read_ahead(mapped)


def unnamed(raw: Event, end: StackEnd) -> Iterator[Event]:
    """The same events with nothing but what the tracer itself saw."""
    match raw:
        case StackCopied(time_ns, tgid, tid, moment, registers, _, probe, retval):
            stack = CStack((CFrame(registers.rip),), end)
            yield StackSeen(time_ns, tgid, tid, moment, stack, probe, retval)
        case Stepped(time_ns, tgid, tid, _, path_end, took_ns):
            yield PathSeen(time_ns, tgid, tid, (), path_end, took_ns)
        case _:
            pass


class _Process:
    """The code of one process, and what was told of its files."""

    def __init__(self, mapped: CodeMapped, code: CodeMap) -> None:
        self.code = code
        self._exe = None if mapped.exe is None else mapped.exe.removesuffix(DELETED_SUFFIX)
        self._owners = Owners(mapped.tgid, self._exe)
        self._told: set[str] = set()

    def read_ahead(self, mapped: CodeMapped) -> None:
        """Read what the first stack will need, so that its report need not wait for that."""
        for mapping in mapped.mappings:
            module = self.code.module_at(mapping.start)
            if module is None or module.file is None or module.program is None:
                continue
            if module.file == self._exe or _LIKELY.fullmatch(module.file):
                module.program.function_at(mapping.start - module.bias)
                self._owner(module, module.file)

    def stack(self, raw: StackCopied) -> Iterator[Event]:
        tables = ProcessUnwindTables(self.code)
        unwound = unwind(raw.registers, _unpacked(raw.copy), tables)
        yield from self._libraries(raw, (frame.code_address for frame in unwound.frames))
        stack = CStack(tuple(map(self._frame, unwound.frames)), unwound.end)
        yield StackSeen(raw.time_ns, raw.tgid, raw.tid, raw.moment, stack, raw.probe, raw.retval)

    def _frame(self, frame: UnwoundFrame) -> CFrame:
        name = self.code.name(frame.address, is_return_address=frame.is_return_address)
        return CFrame(frame.address, name.function, name.offset, name.file, frame.cfa)

    def path(self, raw: Stepped) -> Iterator[Event]:
        packed = _unpacked(raw.addresses)
        whole = packed[: len(packed) - len(packed) % _ADDRESS.size]
        addresses = [address for (address,) in _ADDRESS.iter_unpack(whole)]
        names = [self.code.name(address, is_return_address=False) for address in addresses]
        yield from self._libraries(raw, addresses)
        yield PathSeen(raw.time_ns, raw.tgid, raw.tid, _steps(names), raw.end, raw.took_ns)

    def _libraries(self, raw: Event, addresses: Iterable[int]) -> Iterator[Event]:
        for address in addresses:
            module = self.code.module_at(address)
            file = None if module is None else module.file
            if module is not None and file is not None and file not in self._told:
                self._told.add(file)
                yield self._library(raw, module, file)

    def _library(self, raw: Event, module: Module, file: str) -> LibrarySeen:
        program = module.program
        owner = self._owner(module, file)
        return LibrarySeen(
            raw.time_ns,
            raw.tgid,
            0,
            file=file,
            role=owner.role,
            module=owner.module,
            soname=None if program is None else program.soname,
            version=owner.version,
            package=owner.package,
            build_id=None if program is None else program.build_id,
            deleted=module.deleted,
        )

    def _owner(self, module: Module, file: str) -> Owner:
        program = module.program
        soname = None if program is None else program.soname
        exports = frozenset() if program is None else program.exports
        return self._owners.of(file, soname, exports, deleted=module.deleted)


def _steps(names: list[CodeName]) -> tuple[PathStep, ...]:
    runs = ([*run] for _, run in groupby(names, key=lambda name: (name.function, name.file)))
    return tuple(PathStep(run[0].function, run[0].file, run[0].offset, len(run)) for run in runs)


def _unpacked(packed: str) -> bytes:
    return zlib.decompressobj().decompress(base64.b64decode(packed), _MOST_UNPACKED_BYTES)
