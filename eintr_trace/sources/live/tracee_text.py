"""Text that comes from a traced process, made harmless: strace's quoting and addresses."""

from __future__ import annotations

import os
import socket
import struct
from typing import Final

from eintr_trace.model.events import FileDescriptor

_ESCAPES: Final = {
    ord("\t"): "\\t",
    ord("\n"): "\\n",
    ord("\v"): "\\v",
    ord("\f"): "\\f",
    ord("\r"): "\\r",
    ord('"'): '\\"',
    ord("\\"): "\\\\",
}
_PRINTABLE: Final = range(0x20, 0x7F)
_OCTAL_DIGITS: Final = b"01234567"

# struct sockaddr_in and sockaddr_in6 after the family: ip(7), ipv6(7); ports in network order.
_FAMILY: Final = struct.Struct("=H")
_SOCKADDR_IN: Final = struct.Struct("!H4s")
_SOCKADDR_IN6: Final = struct.Struct("!HI16s")
_SCOPE_ID: Final = struct.Struct("=I")


def quoted(data: bytes) -> str:
    r"""Quote bytes as a C string of ASCII characters, as strace does: ``"ab\0\n"``."""
    return f'"{escaped(data)}"'


def hexadecimal_text(data: bytes) -> str:
    r"""Quote bytes with each in hexadecimal: ``"\xd9\x40"``."""
    return f'"{"".join(f"{chr(92)}x{byte:02x}" for byte in data)}"'


def escaped(data: bytes) -> str:
    """Write bytes as ASCII with C escapes: no control characters are left."""
    following = (*data[1:], 0)
    return "".join(_escape(byte, after) for byte, after in zip(data, following, strict=False))


def _escape(byte: int, after: int) -> str:
    if byte in _ESCAPES:
        return _ESCAPES[byte]
    if byte in _PRINTABLE:
        return chr(byte)
    # Three digits where the next character would be read as one more.
    return f"\\{byte:03o}" if after in _OCTAL_DIGITS else f"\\{byte:o}"


def descriptor_text(fd: int, described: FileDescriptor | None) -> str:
    """Write a descriptor with what it refers to, as strace -yy: ``3<TCP:[a:1->b:2]>``."""
    if described is None or described.fd != fd or described.target is None:
        return str(fd)
    if described.protocol is None:
        return f"{fd}<{escaped(os.fsencode(described.target))}>"
    return f"{fd}<{described.protocol}:[{_endpoints(described)}]>"


def _endpoints(described: FileDescriptor) -> str:
    local = described.local
    if local is None:
        # A socket without a name is known by its inode: the link is socket:[INODE].
        local = (described.target or "").removeprefix("socket:[").removesuffix("]")
    both = local if described.peer is None else f"{local}->{described.peer}"
    return escaped(os.fsencode(both))


def socket_address_text(data: bytes) -> str | None:
    """Write a struct sockaddr as strace does; ``None`` for a family that is not handled."""
    if len(data) < _FAMILY.size:
        return None
    (family,) = _FAMILY.unpack_from(data)
    rest = data[_FAMILY.size :]
    if family == socket.AF_INET and len(rest) >= _SOCKADDR_IN.size:
        port, address = _SOCKADDR_IN.unpack_from(rest)
        host = socket.inet_ntop(socket.AF_INET, address)
        return f'{{sa_family=AF_INET, sin_port=htons({port}), sin_addr=inet_addr("{host}")}}'
    if family == socket.AF_INET6 and len(rest) >= _SOCKADDR_IN6.size + _SCOPE_ID.size:
        return _inet6_text(rest)
    if family == socket.AF_UNIX and not rest:
        return "{sa_family=AF_UNIX}"  # not bound (unix(7))
    if family == socket.AF_UNIX:
        return f"{{sa_family=AF_UNIX, sun_path={_unix_path(rest)}}}"
    return None


def _inet6_text(rest: bytes) -> str:
    port, flow, address = _SOCKADDR_IN6.unpack_from(rest)
    (scope,) = _SCOPE_ID.unpack_from(rest, _SOCKADDR_IN6.size)
    host = socket.inet_ntop(socket.AF_INET6, address)
    return (
        f"{{sa_family=AF_INET6, sin6_port=htons({port}), sin6_flowinfo=htonl({flow}), "
        f'inet_pton(AF_INET6, "{host}", &sin6_addr), sin6_scope_id={scope}}}'
    )


def _unix_path(rest: bytes) -> str:
    if rest[0] == 0:  # abstract: every byte counts (unix(7))
        return f"@{quoted(rest[1:])}"
    return quoted(rest.split(b"\0", 1)[0])
