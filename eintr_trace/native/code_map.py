"""The code that a process has mapped: in which file and function an address of it lies."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import NamedTuple

from eintr_trace.model.stack_events import CodeMapped, CodeMapping
from eintr_trace.native.errors import UnusableElfError
from eintr_trace.native.mapped_files import inodes_of_mappings, is_deleted, path_of
from eintr_trace.native.opened_programs import OpenedPrograms
from eintr_trace.native.program_file import ProgramFile
from eintr_trace.native.vdso import VDSO, vdso

# Names that the kernel gives to memory of no file (Linux 6.12: mm/shmem.c, shmem_zero_setup;
# ipc/shm.c, newseg; fs/hugetlbfs/inode.c and mm/mmap.c, HUGETLB_ANON_FILE), and devices.
_NO_FILES = ("/dev/zero", "/SYSV", "/anon_hugepage", "//anon", "/dev/")
_BUT_FILES = "/dev/shm/"
# Memory with a descriptor (memfd_create(2)): a library that came over the network, or what a
# just-in-time compiler or libffi wrote.
_MEMORY_WITH_DESCRIPTOR = "/memfd:"


class CodeName(NamedTuple):
    """What an address is called; the fields are those of ``CFrame``."""

    function: str | None
    offset: int | None
    file: str | None


@dataclass(frozen=True)
class Module:
    """What one executable mapping is of.

    ``file`` is the path as the process has it, without the kernel's note that it was deleted;
    ``None``: memory of no file, such as a just-in-time compiler's. ``program`` is the file read,
    or ``problem`` says why it is not. ``bias`` is what the loader added to the addresses that
    the file is linked at, ``start`` is the address of the file's first byte in the process.
    """

    file: str | None
    deleted: bool
    program: ProgramFile | None
    problem: str | None
    bias: int
    start: int


class CodeMap:
    """The executable mappings of one process; a file is opened when its code is asked for.

    ``before`` is the map of the same process that this one replaces: what it had opened is
    kept, since the process may be gone by now.
    """

    def __init__(
        self, mapped: CodeMapped, opened: OpenedPrograms, before: CodeMap | None = None
    ) -> None:
        self._tgid = mapped.tgid
        self._opened = opened
        self._mappings = sorted(mapped.mappings, key=lambda mapping: mapping.start)
        self._starts = [mapping.start for mapping in self._mappings]
        self._inodes = inodes_of_mappings(mapped.tgid)
        self._modules: dict[CodeMapping, Module] = {}
        if before is not None:
            kept = before._modules.keys() & mapped.mappings
            self._modules = {mapping: before._modules[mapping] for mapping in kept}

    def module_at(self, address: int) -> Module | None:
        """What is mapped at an address of the process; ``None``: no code."""
        position = bisect_right(self._starts, address) - 1
        if position < 0 or address >= self._mappings[position].end:
            return None
        mapping = self._mappings[position]
        module = self._modules.get(mapping)
        if module is None:
            module = self._modules[mapping] = self._module(mapping)
        return module

    def name(self, address: int, *, is_return_address: bool) -> CodeName:
        """The name of the code at an address.

        The instruction before a return address is the one that the frame is at: a call that
        never returns may be the last of its function. The offset is that of ``address`` all
        the same.
        """
        inside = address - is_return_address
        module = self.module_at(inside)
        if module is None or module.file is None:
            return CodeName(None, None, None)
        function = None
        if module.program is not None:
            function = module.program.function_at(inside - module.bias)
        if function is None:
            return CodeName(None, address - module.start, module.file)
        return CodeName(function.name, address - module.bias - function.start, module.file)

    def _module(self, mapping: CodeMapping) -> Module:
        path = path_of(mapping)
        start = mapping.start - mapping.file_offset
        try:
            if path == VDSO:
                program = vdso(mapping.end - mapping.start)
            elif _is_file(path):
                inode = self._inodes.get(mapping.start)
                program = self._opened.open(self._tgid, mapping, inode)
            else:
                return Module(None, False, None, "memory of no file", start, start)
            linked = program.linked_address(mapping.file_offset)
            base = program.base_address
        except UnusableElfError as error:
            file = None if path.startswith(_MEMORY_WITH_DESCRIPTOR) else path
            return Module(file, is_deleted(mapping), None, str(error), start, start)
        bias = mapping.start - linked
        return Module(path, is_deleted(mapping), program, None, bias, bias + base)


def _is_file(path: str) -> bool:
    return path.startswith("/") and (path.startswith(_BUT_FILES) or not path.startswith(_NO_FILES))
