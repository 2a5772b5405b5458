"""Code objects in another process, kept after the first look and checked at every use."""

from __future__ import annotations

from dataclasses import dataclass, field

from eintr_trace.facts.cpython_layouts import Layout
from eintr_trace.interpreter.errors import ImplausibleValueError
from eintr_trace.interpreter.line_tables import LineTable, line_table_for
from eintr_trace.interpreter.memory import POINTER_BYTES, Memory, pointer_in
from eintr_trace.interpreter.objects import ObjectReader
from eintr_trace.model.python_state import CodeLocation, HandlerEnd, RaiseUse

_INT_BYTES = 4
_CODE_UNIT_BYTES = 2
_MAX_LINE_TABLE_BYTES = 1 << 20
_MAX_CACHED = 4096
# Decoding this much takes some milliseconds, in a stop; of longer code only the beginning
# is looked at.
MAX_BYTECODE_BYTES = 1 << 14


@dataclass
class CodeObject:
    """A PyCodeObject; ``first_instruction`` and ``traceable_from`` are 3.11+'s.

    ``first_instruction`` is the address of the bytecode, ``traceable_from`` the byte offset
    from which on an instruction counts as running the function (a frame before it is
    incomplete, ``_PyFrame_IsIncomplete``). ``header`` is what identifies the object.
    """

    address: int
    function: str
    file: str
    first_line: int
    first_instruction: int
    traceable_from: int
    line_table: bytes
    decode_line: LineTable
    header: bytes
    locations: dict[int, CodeLocation] = field(default_factory=dict)
    called_names: dict[int, str | None] = field(default_factory=dict)
    call_sites: dict[int, bool] = field(default_factory=dict)
    raises: RaiseUse | None = None
    ends: dict[int, HandlerEnd | None] = field(default_factory=dict)
    except_lines: dict[int, int | None] = field(default_factory=dict)

    def location(self, offset: int) -> CodeLocation:
        """The place in the source of the instruction at a byte offset; -1: of the function."""
        known = self.locations.get(offset)
        if known is None:
            known = self.locations[offset] = CodeLocation(
                self.function, self.file, self._line(offset)
            )
        return known

    def _line(self, offset: int) -> int | None:
        if offset < 0:
            return self.first_line
        return self.decode_line(self.line_table, self.first_line, offset)


class CodeReader:
    """Reads code objects; methods may raise ReadError.

    ``code_type`` is the address of PyCode_Type (``None``: not known): what lies elsewhere
    is then refused.
    """

    def __init__(
        self, memory: Memory, layout: Layout, objects: ObjectReader, code_type: int | None
    ) -> None:
        self._memory = memory
        self._layout = layout
        self._objects = objects
        self._code_type = code_type
        self._known: dict[int, CodeObject] = {}
        self._decode_line = line_table_for(layout.version)
        fields = layout.structs["PyCodeObject"]
        self._fields = fields
        self._ob_type = layout.offset("PyObject", "ob_type")
        self._name = fields.get("co_qualname", fields["co_name"])
        table = fields.get("co_linetable", fields.get("co_lnotab", 0))
        self._line_table = table
        # Between the type and the line table nothing changes while the object lives, and a
        # reused object differs; the reference count before and the caches after do change.
        self._header_bytes = table + POINTER_BYTES - self._ob_type
        self._traceable = fields.get("_co_firsttraceable")

    def code_at(self, address: int) -> CodeObject:
        """The code object at ``address``."""
        header = self._memory.read(address + self._ob_type, self._header_bytes)
        known = self._known.get(address)
        if known is not None and known.header == header:
            return known
        code = self._decode(address, header)
        if len(self._known) >= _MAX_CACHED:
            self._known.clear()
        self._known[address] = code
        return code

    def bytecode(self, code: CodeObject) -> bytes:
        """The instructions, as they are now (3.11+: perhaps specialised); at most 16 KiB."""
        if code.first_instruction:
            # PyVarObject.ob_size, which is where a tuple has it too, counts code units.
            units_at = code.address + self._layout.offset("PyTupleObject", "ob_size")
            size = self._memory.unsigned(units_at) * _CODE_UNIT_BYTES
            return self._memory.read(code.first_instruction, min(size, MAX_BYTECODE_BYTES))
        instructions = self._pointer_field(code, "co_code")
        return self._objects.known_bytes(instructions, MAX_BYTECODE_BYTES)

    def slots(self, code: CodeObject) -> tuple[int, int]:
        """How many values the local variables (0 to 3.10) and the value stack can take."""
        return self._int_field(code, "co_nlocalsplus"), self._int_field(code, "co_stacksize")

    def last_frame(self, code: CodeObject) -> int:
        """The address of the frame that the last call left for the next (to 3.10), else 0."""
        zombie = self._fields.get("co_zombieframe")
        return 0 if zombie is None else self._memory.unsigned(code.address + zombie)

    def exception_table(self, code: CodeObject) -> bytes:
        """co_exceptiontable (3.11+)."""
        table = self._pointer_field(code, "co_exceptiontable")
        return self._objects.known_bytes(table, _MAX_LINE_TABLE_BYTES)

    def name(self, code: CodeObject, index: int) -> str | None:
        """``co_names[index]``; ``None``: there is no such name."""
        names = self._objects.known_tuple(self._pointer_field(code, "co_names"))
        return self._objects.known_text(names[index]) if index < len(names) else None

    def _pointer_field(self, code: CodeObject, name: str) -> int:
        return pointer_in(code.header, self._fields[name] - self._ob_type)

    def _int_field(self, code: CodeObject, name: str) -> int:
        at = self._fields.get(name)
        if at is None:
            return 0
        start = at - self._ob_type
        return int.from_bytes(code.header[start : start + _INT_BYTES], "little")

    def _decode(self, address: int, header: bytes) -> CodeObject:
        if self._code_type is not None and pointer_in(header, 0) != self._code_type:
            raise ImplausibleValueError(f"no code object at {address:#x}")
        objects, fields, base = self._objects, self._fields, self._ob_type
        line_at = fields["co_firstlineno"] - base
        bytecode_at = fields.get("co_code_adaptive")
        traceable = 0
        if self._traceable is not None:
            units = self._memory.unsigned(address + self._traceable, _INT_BYTES)
            traceable = units * _CODE_UNIT_BYTES
        return CodeObject(
            address=address,
            function=objects.known_text(pointer_in(header, self._name - base)),
            file=objects.known_text(pointer_in(header, fields["co_filename"] - base)),
            first_line=int.from_bytes(header[line_at : line_at + _INT_BYTES], "little"),
            first_instruction=0 if bytecode_at is None else address + bytecode_at,
            traceable_from=traceable,
            line_table=objects.known_bytes(
                pointer_in(header, self._line_table - base), _MAX_LINE_TABLE_BYTES
            ),
            decode_line=self._decode_line,
            header=header,
        )
