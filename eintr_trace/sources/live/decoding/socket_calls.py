"""Calls on sockets: addresses, messages and options."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from eintr_trace.facts import socket_call_constants as constants
from eintr_trace.facts.call_constants import MSG_FLAGS, SOCK_FLAGS, constant_text, flags_text
from eintr_trace.facts.ordinary_call_constants import (
    IOCTLS,
    SOCKET_FAMILIES,
    SOCKET_TYPES,
)
from eintr_trace.sources.live.call_arguments import (
    CallArguments,
    Render,
    UnreadableError,
    non_null,
    show_constant_of,
    show_fd,
    show_flags_of,
    show_hexadecimal,
    show_length_pointer,
    show_pointer,
    show_signed_int,
    show_socket_address,
    show_unsigned_int,
)
from eintr_trace.sources.live.decoding.family import Family
from eintr_trace.sources.live.decoding.structures import (
    address_text,
    array_text,
    data_text,
    length_text,
    show_given_address,
    show_given_int,
    show_given_length,
    show_structure,
    unsigned_at,
    vectors_text,
)

_MESSAGE: Final = struct.Struct("<QI4xQQQQI4x")  # struct user_msghdr, include/linux/socket.h
_MESSAGE_LENGTH_AT: Final = 8  # of msg_namelen
_SEVERAL: Final = struct.Struct("<56xI4x")  # struct mmsghdr
_CONTROL: Final = struct.Struct("<Qii")  # struct cmsghdr
_WORD_BYTES: Final = 8
_INT: Final = struct.Struct("<i")
_LINGER: Final = struct.Struct("<ii")
_CREDENTIALS: Final = struct.Struct("<iII")
_WINDOW: Final = struct.Struct("<4H")  # struct winsize, asm-generic/termios.h
_MOST_MESSAGES: Final = 4
_MOST_CONTROL_BYTES: Final = 256
_MOST_OPTION_BYTES: Final = 256
_SOCKET_TYPE_BITS: Final = 0xF  # SOCK_TYPE_MASK, include/linux/net.h
_AF_NETLINK: Final = 16
_INTERNET: Final = frozenset({2, 10})  # AF_INET, AF_INET6


def _socket_type(call: CallArguments, index: int) -> str:
    value = call.unsigned(index)
    kind = constant_text(value & _SOCKET_TYPE_BITS, SOCKET_TYPES)
    rest = value & ~_SOCKET_TYPE_BITS
    return f"{kind}|{flags_text(rest, SOCK_FLAGS)}" if rest else kind


def _show_protocol(call: CallArguments, index: int) -> str:
    family = call.unsigned(0)
    if family in _INTERNET:
        return constant_text(call.unsigned(index), constants.PROTOCOLS)
    if family == _AF_NETLINK:
        return constant_text(call.unsigned(index), constants.NETLINK_PROTOCOLS)
    return show_signed_int(call, index)


def _message_text(
    call: CallArguments, address: int, transferred: int | None, length_before: int | None
) -> str:
    """Write a struct msghdr (recvmsg(2)); ``transferred`` bytes of its vectors were received.

    Raises UnreadableError.
    """
    fields = _MESSAGE.unpack(call.memory(address, _MESSAGE.size))
    name, name_length, vectors, count, control, control_length, flags = fields
    size = name_length if length_before is None else min(name_length, length_before)
    parts = [
        f"msg_name={address_text(call, name, size)}",
        f"msg_namelen={length_text(length_before, name_length)}",
        f"msg_iov={vectors_text(call, vectors, count, transferred)}",
        f"msg_iovlen={count}",
    ]
    if control and control_length:
        parts.append(f"msg_control={_control_text(call, control, control_length)}")
    parts.append(f"msg_controllen={control_length}")
    parts.append(f"msg_flags={flags_text(flags, MSG_FLAGS)}")
    return f"{{{', '.join(parts)}}}"


def _control_text(call: CallArguments, address: int, size_bytes: int) -> str:
    """Write ancillary data (cmsg(3)); where there is much of it, its address."""
    if size_bytes > _MOST_CONTROL_BYTES:
        return f"{address:#x}"
    try:
        data = call.memory(address, size_bytes)
    except UnreadableError:
        return f"{address:#x}"
    return f"[{', '.join(_control_items(data))}]"


def _control_items(data: bytes) -> Iterator[str]:
    at = 0
    while at + _CONTROL.size <= len(data):
        size, level, kind = _CONTROL.unpack_from(data, at)
        named = constants.CONTROL_TYPES if level == constants.SOL_SOCKET else {}
        head = (
            f"cmsg_len={size}, cmsg_level={constant_text(level, constants.LEVELS)},"
            f" cmsg_type={constant_text(kind, named)}"
        )
        inside = data[at + _CONTROL.size : at + size]
        if level == constants.SOL_SOCKET and kind == constants.SCM_RIGHTS:
            whole = inside[: len(inside) // _INT.size * _INT.size]
            head += f", cmsg_data=[{', '.join(str(fd) for (fd,) in _INT.iter_unpack(whole))}]"
        yield f"{{{head}}}"
        if size < _CONTROL.size:
            return
        at += -(-size // _WORD_BYTES) * _WORD_BYTES


@non_null
def _show_sent_message(call: CallArguments, index: int) -> str:
    return _message_text(call, call.address(index), None, None)


@non_null
def _show_received_message(call: CallArguments, index: int) -> str:
    return _message_text(call, call.address(index), call.returned, call.length_before)


@non_null
def _show_empty_message(call: CallArguments, index: int) -> str:
    """Show what strace does where nothing was received."""
    size = unsigned_at(call, call.address(index) + _MESSAGE_LENGTH_AT)
    return f"{{msg_namelen={length_text(call.length_before, size)}}}"


@non_null
def _show_sent_messages(call: CallArguments, index: int) -> str:
    """Show mmsghdr structures once they were sent; their number is the next argument."""
    items = []
    for number in range(min(call.returned, _MOST_MESSAGES)):
        address = call.address(index) + number * _SEVERAL.size
        (sent,) = _SEVERAL.unpack(call.memory(address, _SEVERAL.size))
        text = _message_text(call, address, None, None)
        items.append(f"{{msg_hdr={text}, msg_len={sent}}}")
    return array_text(items, call.unsigned(index + 1))


def _show_option(call: CallArguments, index: int) -> str:
    names = constants.OPTIONS.get(call.unsigned(1), {})
    return constant_text(call.unsigned(index), names)


@non_null
def _show_option_value(call: CallArguments, index: int) -> str:
    """Show the value that setsockopt(2) sets; its size is the next argument."""
    return _option_text(call, index, call.unsigned(index + 1))


@non_null
def _show_given_option(call: CallArguments, index: int) -> str:
    """Show the value that getsockopt(2) gave; its size is pointed to by the next argument."""
    return _option_text(call, index, unsigned_at(call, call.address(index + 1)))


def _option_text(call: CallArguments, index: int, size_bytes: int) -> str:
    address = call.address(index)
    if call.unsigned(1) == constants.SOL_SOCKET:
        match call.unsigned(2), size_bytes:
            case constants.SO_LINGER, _LINGER.size:
                on, seconds = _LINGER.unpack(call.memory(address, _LINGER.size))
                return f"{{l_onoff={on}, l_linger={seconds}}}"
            case constants.SO_PEERCRED, _CREDENTIALS.size:
                pid, uid, gid = _CREDENTIALS.unpack(call.memory(address, _CREDENTIALS.size))
                return f"{{pid={pid}, uid={uid}, gid={gid}}}"
            case _:
                pass
    if size_bytes == _INT.size:
        return show_given_int(call, index)
    return data_text(call, address, min(size_bytes, _MOST_OPTION_BYTES))


def _window_text(rows: int, columns: int, width: int, height: int) -> str:
    return f"{{ws_row={rows}, ws_col={columns}, ws_xpixel={width}, ws_ypixel={height}}}"


# What an ioctl(2) takes, and what it gives, by its name; the others show an address.
_TAKEN: Final[dict[str, Render]] = {"FIONBIO": show_given_int}
_GIVEN: Final[dict[str, Render]] = {
    "FIONREAD": show_given_int,
    "FIONBIO": show_given_int,
    "TIOCGPGRP": show_given_int,
    "TIOCGWINSZ": show_structure(_WINDOW, _window_text),
}


def _show_ioctl_argument(call: CallArguments, index: int) -> str:
    return _TAKEN.get(IOCTLS.get(call.unsigned(1), ""), show_hexadecimal)(call, index)


def _show_ioctl_given(call: CallArguments, index: int) -> str:
    return _GIVEN.get(IOCTLS.get(call.unsigned(1), ""), show_hexadecimal)(call, index)


def _ioctl_positions(call: CallArguments) -> tuple[int, ...]:
    return (0, 1) if IOCTLS.get(call.unsigned(1)) in {"FIOCLEX", "FIONCLEX"} else (0, 1, 2)


LENGTH_BEFORE: Final = {
    # Where a call is given a length that it changes: which argument points to it, and how far.
    "accept": (2, 0),
    "accept4": (2, 0),
    "getpeername": (2, 0),
    "getsockname": (2, 0),
    "getsockopt": (4, 0),
    "recvfrom": (5, 0),
    "recvmsg": (1, _MESSAGE_LENGTH_AT),
}

_MESSAGE_FLAGS: Final = show_flags_of(MSG_FLAGS)
_FAMILY: Final = show_constant_of(SOCKET_FAMILIES)
_LEVEL: Final = show_constant_of(constants.LEVELS)
_NAME: Final[tuple[Render, ...]] = (show_fd, show_pointer, show_length_pointer)
_FILLED_ADDRESS: Final[dict[int, Render]] = {1: show_given_address, 2: show_given_length}

SOCKET_CALLS: Final = Family(
    # Each as in section 2 of the manual pages; ioctl: ioctl_tty(2), FIONREAD.
    entered={
        "bind": (show_fd, show_socket_address, show_signed_int),
        "getpeername": _NAME,
        "getsockname": _NAME,
        "getsockopt": (show_fd, _LEVEL, _show_option, show_pointer, show_length_pointer),
        "ioctl": (show_fd, show_constant_of(IOCTLS), _show_ioctl_argument),
        "listen": (show_fd, show_signed_int),
        "sendmmsg": (show_fd, show_pointer, show_unsigned_int, _MESSAGE_FLAGS),
        "sendmsg": (show_fd, _show_sent_message, _MESSAGE_FLAGS),
        "setsockopt": (show_fd, _LEVEL, _show_option, _show_option_value, show_signed_int),
        "socket": (_FAMILY, _socket_type, _show_protocol),
        "socketpair": (_FAMILY, _socket_type, show_signed_int, show_pointer),
    },
    given={
        "accept": _FILLED_ADDRESS,
        "accept4": _FILLED_ADDRESS,
        "getpeername": _FILLED_ADDRESS,
        "getsockname": _FILLED_ADDRESS,
        "getsockopt": {3: _show_given_option, 4: show_given_length},
        "ioctl": {2: _show_ioctl_given},
        "recvfrom": {4: show_given_address, 5: show_given_length},
        "recvmsg": {1: _show_received_message},
        "sendmmsg": {1: _show_sent_messages},
    },
    failed={"recvmsg": {1: _show_empty_message}},
    positions={"ioctl": _ioctl_positions},
)
