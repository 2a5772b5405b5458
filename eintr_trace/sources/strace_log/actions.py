"""What rt_sigaction(2) says in a log: what is done with a signal, and by which handler."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from eintr_trace.model.events import Disposition
from eintr_trace.sources.strace_log.arguments import split_arguments

_DISPOSITIONS: Final = {
    "SIG_DFL": Disposition.DEFAULT,
    "SIG_IGN": Disposition.IGNORED,
    "0": Disposition.DEFAULT,
    "1": Disposition.IGNORED,
    "0x1": Disposition.IGNORED,
}
# strace's src/signal.c, decode_new_sigaction(): up to 4.11 the fields had no names.
_HANDLER = re.compile(r"(?:sa_handler=)?(SIG_DFL|SIG_IGN|0x[0-9a-f]{1,16}|[01])\b")
_NUMBER = re.compile(r"0x[0-9a-f]{1,16}\b|0\b")
_WORD = re.compile(r"[A-Z_]+(?![A-Za-z])")
_FLAGS_FIELD: Final = "sa_flags="
_FLAGS_POSITION: Final = 2
_MOST_FIELDS: Final = 4
# include/uapi/asm-generic/signal-defs.h; -X raw prints the number.
_FLAG_BITS: Final = {"SA_RESTART": 0x10000000, "SA_RESETHAND": 0x80000000, "SA_ONESHOT": 0x80000000}


@dataclass(frozen=True, slots=True)
class SignalAction:
    """What is done with a signal; ``sa_restart`` is ``None`` where the flags are not shown.

    ``handler`` is the C handler's address as printed. ``resets``: the first delivery puts the
    default back (SA_RESETHAND).
    """

    disposition: Disposition
    handler: str | None = None
    sa_restart: bool | None = None
    resets: bool = False


def read_action(text: str) -> SignalAction | None:
    """Read ``{sa_handler=0x55…, sa_mask=[], sa_flags=SA_RESTART}``; ``None`` if it is none."""
    if not text.startswith("{"):
        return None  # NULL, or an address that was not read
    fields = split_arguments(text[1:].removesuffix("}"), _MOST_FIELDS)
    handler = _HANDLER.match(fields[0]) if fields else None
    if handler is None:
        return None
    disposition = _DISPOSITIONS.get(handler[1])
    if disposition is not None:
        return SignalAction(disposition)
    flags = _flags(fields)
    if flags is None:
        return SignalAction(Disposition.CAUGHT, handler[1])
    resets = _has(flags, "SA_RESETHAND") or _has(flags, "SA_ONESHOT")
    return SignalAction(Disposition.CAUGHT, handler[1], _has(flags, "SA_RESTART"), resets)


def _flags(fields: list[str]) -> str | None:
    """Give the flags, by their name or, as an old strace prints them, by their place."""
    named = [field for field in fields if field.startswith(_FLAGS_FIELD)]
    if named:
        flags = named[0].removeprefix(_FLAGS_FIELD)
    elif len(fields) > _FLAGS_POSITION and "=" not in fields[_FLAGS_POSITION]:
        flags = fields[_FLAGS_POSITION]
    else:
        return None
    is_readable = _NUMBER.match(flags) or flags.startswith("SA_")
    return flags if is_readable else None


def _has(flags: str, name: str) -> bool:
    number = _NUMBER.match(flags)
    if number is not None:
        return bool(int(number[0], 0) & _FLAG_BITS[name])
    return name in _WORD.findall(flags)
