"""How the caller's registers are found from those of a function, instruction by instruction.

DWARF 5, 6.4.1 (the rules) and 6.4.2 (the instructions that make up their table). Only rules
of registers that unwinding needs are kept: the general ones and the return address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from eintr_trace.native.dwarf_bytes import DwarfBytes
from eintr_trace.native.dwarf_registers import RETURN_ADDRESS
from eintr_trace.native.errors import UnwindTableError

_MAX_REMEMBERED = 64  # compilers nest one or two deep
_OPCODE_BITS = 0xC0  # of the three instructions whose first operand is in their own byte


@dataclass(frozen=True, slots=True)
class Undefined:
    """The caller's value is lost; of the return address: there is no caller."""


@dataclass(frozen=True, slots=True)
class AtCfa:
    """Saved in memory, so many bytes from the CFA: ``offset(N)``."""

    offset: int


@dataclass(frozen=True, slots=True)
class CfaPlus:
    """The CFA and so many bytes: ``val_offset(N)``."""

    offset: int


@dataclass(frozen=True, slots=True)
class InRegister:
    """The function's own value of a register: ``register(R)``, or ``same value``."""

    register: int


@dataclass(frozen=True, slots=True)
class AtExpression:
    """Saved in memory, at the address that an expression gives; the CFA is pushed first."""

    code: bytes


@dataclass(frozen=True, slots=True)
class ValueOfExpression:
    """What an expression gives; the CFA is pushed first."""

    code: bytes


RegisterRule: TypeAlias = (
    Undefined | AtCfa | CfaPlus | InRegister | AtExpression | ValueOfExpression
)


@dataclass(frozen=True, slots=True)
class RegisterPlus:
    """The CFA is a register and so many bytes."""

    register: int
    offset: int


@dataclass(frozen=True, slots=True)
class CfaExpression:
    """The CFA is what an expression gives."""

    code: bytes


CfaRule: TypeAlias = RegisterPlus | CfaExpression


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: how to find the CFA and, from it, the caller's registers.

    ``saved`` has the rules of the registers that have one, ``return_address`` that of the
    caller's next instruction. ``is_signal_frame``: the "caller" was interrupted by a signal,
    and its address is that of the instruction itself.
    """

    cfa: CfaRule
    return_address: RegisterRule
    saved: tuple[tuple[int, RegisterRule], ...]
    is_signal_frame: bool = False


@dataclass(frozen=True, slots=True)
class Factors:
    """The units of code addresses and of offsets in the stack, and how pointers are encoded."""

    code: int
    data: int
    pointer_encoding: int


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table while it is built; ``cfa`` is None until an instruction defines it."""

    cfa: CfaRule | None
    rules: Mapping[int, RegisterRule]

    def rule(self, *, is_signal_frame: bool) -> Rule:
        """The row as a rule. Raises UnwindTableError where it leaves out what every row has."""
        return_address = self.rules.get(RETURN_ADDRESS)
        if self.cfa is None or return_address is None:
            raise UnwindTableError("a row without a CFA or without a return address")
        saved = tuple(
            (number, rule) for number, rule in self.rules.items() if number != RETURN_ADDRESS
        )
        return Rule(self.cfa, return_address, saved, is_signal_frame)


def first_row(instructions: DwarfBytes, factors: Factors) -> Row:
    """The row that the instructions of a CIE make: the one every function of it begins with.

    Raises UnwindTableError.
    """
    builder = _RowBuilder(factors, Row(None, {}), location=0)
    builder.run(instructions, until=0)
    return builder.row()


def row_at(address: int, instructions: DwarfBytes, factors: Factors, first: Row, start: int) -> Row:
    """The row for the instruction at ``address`` of a function that begins at ``start``.

    Raises UnwindTableError.
    """
    builder = _RowBuilder(factors, first, start)
    builder.run(instructions, until=address)
    return builder.row()


class _RowBuilder:
    """Runs instructions until the row of an address is complete."""

    def __init__(self, factors: Factors, first: Row, location: int) -> None:
        self._factors = factors
        self._first = first
        self._location = location
        self._cfa = first.cfa
        self._rules = dict(first.rules)
        self._remembered: list[Row] = []

    def row(self) -> Row:
        return Row(self._cfa, self._rules)

    def run(self, instructions: DwarfBytes, until: int) -> None:
        # An instruction that advances ends a row and changes nothing of it.
        while instructions.at < instructions.end and self._location <= until:
            opcode = instructions.u8()
            packed, operand = opcode & _OPCODE_BITS, opcode & ~_OPCODE_BITS
            match packed:
                case 0x40:  # DW_CFA_advance_loc
                    self._advance(operand)
                case 0x80:  # DW_CFA_offset
                    self._offset(operand, instructions.uleb128())
                case 0xC0:  # DW_CFA_restore
                    self._restore(operand)
                case _:
                    self._extended(opcode, instructions)

    def _extended(self, opcode: int, instructions: DwarfBytes) -> None:
        execute = _INSTRUCTIONS.get(opcode)
        if execute is None:
            raise UnwindTableError(f"an instruction of opcode {opcode:#x}")
        execute(self, instructions)

    def _advance(self, units: int) -> None:
        self._location += units * self._factors.code

    def _set_location(self, operands: DwarfBytes) -> None:
        self._location = operands.pointer(self._factors.pointer_encoding)

    def _set(self, register: int, rule: RegisterRule) -> None:
        if register <= RETURN_ADDRESS:
            self._rules[register] = rule

    def _offset(self, register: int, units: int) -> None:
        self._set(register, AtCfa(units * self._factors.data))

    def _val_offset(self, register: int, units: int) -> None:
        self._set(register, CfaPlus(units * self._factors.data))

    def _restore(self, register: int) -> None:
        rule = self._first.rules.get(register)
        if rule is None:
            self._rules.pop(register, None)
        else:
            self._rules[register] = rule

    def _same_value(self, register: int) -> None:
        self._set(register, InRegister(register))

    def _remember_state(self, _operands: DwarfBytes) -> None:
        if len(self._remembered) == _MAX_REMEMBERED:
            raise UnwindTableError("more remembered rows than compilers make")
        self._remembered.append(Row(self._cfa, dict(self._rules)))

    def _restore_state(self, _operands: DwarfBytes) -> None:
        if not self._remembered:
            raise UnwindTableError("a remembered row that is none")
        row = self._remembered.pop()
        self._cfa, self._rules = row.cfa, dict(row.rules)

    def _def_cfa(self, register: int, offset: int) -> None:
        self._cfa = RegisterPlus(register, offset)

    def _def_cfa_register(self, register: int) -> None:
        self._cfa = RegisterPlus(register, self._cfa_in_register().offset)

    def _def_cfa_offset(self, offset: int) -> None:
        self._cfa = RegisterPlus(self._cfa_in_register().register, offset)

    def _def_cfa_expression(self, operands: DwarfBytes) -> None:
        self._cfa = CfaExpression(operands.block())

    def _cfa_in_register(self) -> RegisterPlus:
        if not isinstance(self._cfa, RegisterPlus):
            raise UnwindTableError("half of a CFA is changed that is not in a register")
        return self._cfa


# DWARF 5, table 7.29; LSB Core 5.0, 10.5.2 (DW_CFA_GNU_args_size).
_INSTRUCTIONS: dict[int, Callable[[_RowBuilder, DwarfBytes], None]] = {
    0x00: lambda _row, _operands: None,  # DW_CFA_nop
    0x01: _RowBuilder._set_location,
    0x02: lambda row, operands: row._advance(operands.u8()),
    0x03: lambda row, operands: row._advance(operands.u16()),
    0x04: lambda row, operands: row._advance(operands.u32()),
    0x05: lambda row, operands: row._offset(operands.uleb128(), operands.uleb128()),
    0x06: lambda row, operands: row._restore(operands.uleb128()),
    0x07: lambda row, operands: row._set(operands.uleb128(), Undefined()),
    0x08: lambda row, operands: row._same_value(operands.uleb128()),
    0x09: lambda row, operands: row._set(operands.uleb128(), InRegister(operands.uleb128())),
    0x0A: _RowBuilder._remember_state,
    0x0B: _RowBuilder._restore_state,
    0x0C: lambda row, operands: row._def_cfa(operands.uleb128(), operands.uleb128()),
    0x0D: lambda row, operands: row._def_cfa_register(operands.uleb128()),
    0x0E: lambda row, operands: row._def_cfa_offset(operands.uleb128()),
    0x0F: _RowBuilder._def_cfa_expression,
    0x10: lambda row, operands: row._set(operands.uleb128(), AtExpression(operands.block())),
    0x11: lambda row, operands: row._offset(operands.uleb128(), operands.sleb128()),
    0x12: lambda row, operands: row._def_cfa(
        operands.uleb128(), operands.sleb128() * row._factors.data
    ),
    0x13: lambda row, operands: row._def_cfa_offset(operands.sleb128() * row._factors.data),
    0x14: lambda row, operands: row._val_offset(operands.uleb128(), operands.uleb128()),
    0x15: lambda row, operands: row._val_offset(operands.uleb128(), operands.sleb128()),
    0x16: lambda row, operands: row._set(operands.uleb128(), ValueOfExpression(operands.block())),
    0x2E: lambda _row, operands: operands.skip_uleb128(),  # DW_CFA_GNU_args_size
}
