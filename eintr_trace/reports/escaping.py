"""Text that comes from the tracee, made safe for a terminal: the one way it gets there."""

from __future__ import annotations

_NAMED = {"\a": r"\a", "\b": r"\b", "\t": r"\t", "\n": r"\n", "\v": r"\v", "\f": r"\f", "\r": r"\r"}


def escape(text: str) -> str:
    r"""Return ``text`` on one line, with what a terminal would obey or hide written out.

    ``str.isprintable`` says no to the Unicode categories Cc (control, ESC among them), Cf
    (bidirectional and invisible formats), Cs, Co, Cn, Zl, Zp and Zs but the space. Bytes that
    were no UTF-8 (lone surrogates, PEP 383) become ``\xNN`` again, as the kernel had them.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _written_out(char) for char in text)


def escape_strings(value: object) -> object:
    """Return a value for ``json``, with every string in it escaped; names of members are ours."""
    match value:
        case str():
            return escape(value)
        case dict():
            return {name: escape_strings(item) for name, item in value.items()}
        case list() | tuple():
            return [escape_strings(item) for item in value]
    return value


def _written_out(char: str) -> str:
    code = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 - the range of PEP 383
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:  # noqa: PLR2004 - one byte
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - the BMP
