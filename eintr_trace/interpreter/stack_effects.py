"""What instructions take from the stack and put there: those found around call arguments.

Python/compile.c, ``stack_effect`` (to 3.12); Python/bytecodes.c (3.13);
Include/internal/pycore_opcode_metadata.h (3.14, 3.15); the documentation of the ``dis`` module.
"""

from __future__ import annotations

from collections.abc import Callable

from eintr_trace.interpreter.bytecode import Instruction

Version = tuple[int, int]
_Effect = Callable[[int, Version], tuple[int, int]]

_UNIFIED_ARGUMENTS_SINCE = (3, 6)
NULL_SLOT_SINCE = (3, 11)
ATTRIBUTE_METHODS_SINCE = (3, 12)  # LOAD_ATTR took LOAD_METHOD's part (gh-93429)
_KEYWORDS_OR_NULL_SINCE = (3, 14)  # CALL_FUNCTION_EX always takes them
_FORMAT_SPEC = 4  # FVS_HAVE_SPEC


def _fixed(pops: int, pushes: int) -> _Effect:
    return lambda _argument, _version: (pops, pushes)


def _builds(extra: int = 0, each: int = 1) -> _Effect:
    return lambda argument, _version: (argument * each + extra, 1)


def _build_map(argument: int, version: Version) -> tuple[int, int]:
    return (2 * argument, 1) if version >= _UNIFIED_ARGUMENTS_SINCE else (0, 1)


def _load_global(argument: int, version: Version) -> tuple[int, int]:
    return 0, 1 + (argument & 1 if version >= NULL_SLOT_SINCE else 0)


def _load_attr(argument: int, version: Version) -> tuple[int, int]:
    return 1, 1 + (argument & 1 if version >= ATTRIBUTE_METHODS_SINCE else 0)


def _format_value(argument: int, _version: Version) -> tuple[int, int]:
    return (2 if argument & _FORMAT_SPEC else 1), 1


def _call(name: str) -> _Effect:
    def effect(argument: int, version: Version) -> tuple[int, int]:
        slots = 1
        if version >= NULL_SLOT_SINCE or name == "CALL_METHOD":
            slots = 2
        return values_above_callable(name, argument, version) + slots, 1

    return effect


def values_above_callable(name: str, argument: int, version: Version) -> int:
    """How many values lie above the callable and its self-or-NULL slot at a call."""
    if name == "CALL_FUNCTION_EX":
        return 2 if version >= _KEYWORDS_OR_NULL_SINCE else 1 + (argument & 1)
    if name in ("CALL", "PRECALL", "CALL_METHOD"):
        return argument
    if name == "CALL_KW":
        return argument + 1
    if version >= _UNIFIED_ARGUMENTS_SINCE:
        return argument + (1 if name == "CALL_FUNCTION_KW" else 0)
    # 2.7: positional arguments in the low byte, pairs of name and value in the next one.
    above = (argument & 0xFF) + 2 * (argument >> 8 & 0xFF)
    return above + {"CALL_FUNCTION_VAR_KW": 2, "CALL_FUNCTION": 0}.get(name, 1)


CALLS = (
    "CALL_FUNCTION",
    "CALL_FUNCTION_VAR",
    "CALL_FUNCTION_KW",
    "CALL_FUNCTION_VAR_KW",
    "CALL_FUNCTION_EX",
    "CALL_METHOD",
    "CALL",
    "CALL_KW",
    "PRECALL",
)

_EFFECTS: dict[str, _Effect] = {
    **dict.fromkeys(
        (
            "LOAD_CONST",
            "LOAD_FAST",
            "LOAD_FAST_BORROW",
            "LOAD_FAST_CHECK",
            "LOAD_SMALL_INT",
            "LOAD_COMMON_CONSTANT",
            "LOAD_NAME",
            "LOAD_DEREF",
            "LOAD_CLOSURE",
            "LOAD_CLASSDEREF",
            "PUSH_NULL",
        ),
        _fixed(0, 1),
    ),
    "LOAD_FAST_LOAD_FAST": _fixed(0, 2),
    "LOAD_FAST_BORROW_LOAD_FAST_BORROW": _fixed(0, 2),
    "LOAD_GLOBAL": _load_global,
    "LOAD_ATTR": _load_attr,
    "LOAD_METHOD": _fixed(1, 2),
    **dict.fromkeys(
        (
            "UNARY_POSITIVE",
            "UNARY_NEGATIVE",
            "UNARY_NOT",
            "UNARY_INVERT",
            "TO_BOOL",
            "LIST_TO_TUPLE",
            "FORMAT_SIMPLE",
            "CONVERT_VALUE",
            "CALL_INTRINSIC_1",
            "SLICE+0",
        ),
        _fixed(1, 1),
    ),
    **dict.fromkeys(
        (
            "COMPARE_OP",
            "IS_OP",
            "CONTAINS_OP",
            "FORMAT_WITH_SPEC",
            "SLICE+1",
            "LIST_EXTEND",  # of the list below: the only form among call arguments
            "DICT_MERGE",
            "SLICE+2",
        ),
        _fixed(2, 1),
    ),
    **dict.fromkeys(("BINARY_SLICE", "SLICE+3", "STORE_MAP"), _fixed(3, 1)),
    **dict.fromkeys(("BUILD_TUPLE", "BUILD_LIST", "BUILD_SET", "BUILD_STRING"), _builds()),
    "BUILD_SLICE": _builds(),
    "BUILD_CONST_KEY_MAP": _builds(extra=1),
    "BUILD_MAP": _build_map,
    "FORMAT_VALUE": _format_value,
    **dict.fromkeys(("KW_NAMES", "NOP", "NOT_TAKEN", "RESUME"), _fixed(0, 0)),
    **{name: _call(name) for name in CALLS},
    "PRECALL": _fixed(0, 0),
}


def stack_effect(instruction: Instruction, version: Version) -> tuple[int, int] | None:
    """How many values an instruction pops and pushes; ``None``: not in the table."""
    name = instruction.name or ""
    if name.startswith(("BINARY_", "INPLACE_")) and name not in _EFFECTS:
        return 2, 1
    effect = _EFFECTS.get(name)
    return None if effect is None else effect(instruction.argument, version)
