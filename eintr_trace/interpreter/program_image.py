"""The file that an interpreter lives in, as it lies in a process: an executable or a library."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from eintr_trace.interpreter.errors import NotReadableInterpreterError
from eintr_trace.interpreter.memory import Memory
from eintr_trace.native.elf_file import ElfFile, read_elf
from eintr_trace.native.elf_reader import ELF_HEADER_BYTES
from eintr_trace.native.errors import UnusableElfError
from eintr_trace.native.mapped_files import MappedFile, mapped_programs, open_mapped

# A program whose files are all no interpreters is searched only this far.
_MAX_FILES = 256
_MAX_CACHED_FILES = 64


@dataclass(frozen=True)
class ProgramImage:
    """An ELF file and the address where its first byte lies in the process.

    ``path`` is as the process sees it.
    """

    path: str
    elf: ElfFile
    start: int

    def symbol(self, name: str) -> int | None:
        """The address of a symbol in the process; ``None``: the file does not define it."""
        symbol = self.elf.symbols.get(name)
        return None if symbol is None else self._address(symbol.value)

    def section(self, name: str) -> int | None:
        """The address of a section in the process; ``None``: the file has none."""
        address = self.elf.section_addresses.get(name)
        return None if address is None else self._address(address)

    def _address(self, linked_address: int) -> int:
        return linked_address - self.elf.base_address + self.start


class ProgramImages:
    """Finds the interpreter's file in processes; files seen before are not parsed again.

    ``marks`` are the symbols to know it by, one of which it has to define; ``wanted`` are
    further ones to look for.
    """

    def __init__(self, marks: Iterable[str], wanted: Iterable[str]) -> None:
        self._marks = frozenset(marks)
        self._wanted = self._marks | frozenset(wanted)
        self._parsed: dict[tuple[int, ...], ElfFile] = {}

    def find(self, tgid: int, memory: Memory) -> ProgramImage:
        """The file; raises NotReadableInterpreterError, and OSError without /proc/PID."""
        problems: list[str] = []
        programs = mapped_programs(tgid)
        for mapped in sorted(programs, key=_unlikelihood)[:_MAX_FILES]:
            try:
                image = self._open(tgid, mapped, memory)
            except UnusableElfError as error:
                problems.append(f"{mapped.path}: {error}")
                continue
            if not self._marks.isdisjoint(image.elf.symbols):
                return image
        raise NotReadableInterpreterError(_why_none(programs, problems))

    def _open(self, tgid: int, mapped: MappedFile, memory: Memory) -> ProgramImage:
        in_memory = memory.read_some(mapped.start, ELF_HEADER_BYTES)
        problem = "the file cannot be opened"
        for stream in open_mapped(tgid, mapped):
            elf = self._parse(stream)
            # The header has the position of the section table, which no two builds share.
            if elf.header == in_memory:
                return ProgramImage(mapped.path, elf, mapped.start)
            problem = "the file was replaced after the process started"
        raise UnusableElfError(problem)

    def _parse(self, stream: BinaryIO) -> ElfFile:
        status = os.fstat(stream.fileno())
        key = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
        if key not in self._parsed:
            if len(self._parsed) >= _MAX_CACHED_FILES:
                self._parsed.clear()
            self._parsed[key] = read_elf(stream, status.st_size, self._wanted)
        return self._parsed[key]


def _unlikelihood(mapped: MappedFile) -> int:
    name = PurePosixPath(mapped.path).name
    if name.startswith(("libpython", "libpypy")):
        return 0
    return 1 if name.startswith("python") else 2


def _why_none(programs: list[MappedFile], problems: list[str]) -> str:
    names = [PurePosixPath(mapped.path).name for mapped in programs]
    suspects = [text for text in problems if "python" in PurePosixPath(text.split(":")[0]).name]
    if suspects:
        return f"the interpreter's file cannot be used: {suspects[0]}"
    if any(name.startswith(("python", "libpython")) for name in names):
        return "an interpreter that exports none of its symbols: its variables cannot be found"
    return "not CPython: no file mapped into the process has CPython's functions"
