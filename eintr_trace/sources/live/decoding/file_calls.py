"""Calls on files, their status and their descriptors."""

from __future__ import annotations

import struct
from typing import Final

from eintr_trace.facts import file_call_constants as constants
from eintr_trace.facts.call_constants import (
    FCNTL_COMMANDS,
    O_ACCMODE,
    OPEN_FLAGS,
    OPEN_MODES,
    constant_text,
    flags_text,
)
from eintr_trace.facts.ordinary_call_constants import ACCESS_MODES
from eintr_trace.sources.live.call_arguments import (
    CallArguments,
    Render,
    UnreadableError,
    non_null,
    show_constant_of,
    show_data,
    show_directory_fd,
    show_fcntl_argument,
    show_fd,
    show_flags_of,
    show_iovecs,
    show_mode,
    show_path,
    show_pointer,
    show_record_lock,
    show_signed_long,
    show_size,
    show_unsigned_int,
)
from eintr_trace.sources.live.decoding.family import Family
from eintr_trace.sources.live.decoding.structures import (
    data_text,
    date_text,
    show_given_long,
    show_owner,
    show_received_vectors,
    show_sent_vectors,
    show_structure,
    timespec_text,
)

_STAT: Final = struct.Struct("<24xI12xQq")  # arch/x86/include/uapi/asm/stat.h: mode, rdev, size
_STATX: Final = struct.Struct(
    "<I4xQ12xH10xQ80xII"
)  # linux/stat.h: mask, attributes, mode, size, dev
_STATFS: Final = struct.Struct("<7q2i3q")  # asm-generic/statfs.h, without the spare words
_DIRECTORY_ENTRY: Final = struct.Struct("<16xH")  # linux/dirent.h: d_reclen
_MOST_ENTRY_BYTES: Final = 32_768
_TIMES: Final = struct.Struct("<4q")
_LOCK: Final = struct.Struct("<hh4xqqi4x")  # struct flock, asm-generic/fcntl.h


def mode_text(mode: int) -> str:
    """Write the type and the permissions of a file (inode(7))."""
    parts = []
    kind = mode & constants.FILE_TYPE_BITS
    if kind:
        parts.append(constants.FILE_TYPES.get(kind) or f"0{kind:o}")
    special = [name for bit, name in constants.MODE_BITS.items() if mode & bit]
    rest = mode & 0o777
    return "|".join([*parts, *special, f"0{rest:03o}" if rest else "000"])


def _status_text(mode: int, device: int, size: int) -> str:
    major = device >> 32 & 0xFFFFF000 | device >> 8 & 0xFFF  # gnu_dev_major(), sys/sysmacros.h
    minor = device >> 12 & 0xFFFFFF00 | device & 0xFF
    return f"{{st_mode={mode_text(mode)}, {_device_or_size('st', mode, major, minor, size)}, ...}}"


def _device_or_size(prefix: str, mode: int, major: int, minor: int, size: int) -> str:
    if mode & constants.FILE_TYPE_BITS in constants.DEVICE_TYPES:
        return f"{prefix}_rdev=makedev({major:#x}, {minor:#x})"
    return f"{prefix}_size={size}"


def _extended_text(mask: int, attributes: int, mode: int, size: int, major: int, minor: int) -> str:
    return (
        f"{{stx_mask={flags_text(mask, constants.STATX_MASKS)},"
        f" stx_attributes={flags_text(attributes, constants.STATX_ATTRIBUTES)},"
        f" stx_mode={mode_text(mode)},"
        f" {_device_or_size('stx', mode, major, minor, size)}, ...}}"
    )


def _file_system_text(*fields: int) -> str:
    kind, size, blocks, free, available, files, files_free, one, other, name, fragment, flags = (
        fields
    )
    return (
        f"{{f_type={constant_text(kind, constants.FILE_SYSTEMS)}, f_bsize={size},"
        f" f_blocks={blocks}, f_bfree={free}, f_bavail={available}, f_files={files},"
        f" f_ffree={files_free}, f_fsid={{val=[{_hexadecimal(one)}, {_hexadecimal(other)}]}},"
        f" f_namelen={name}, f_frsize={fragment},"
        f" f_flags={flags_text(flags, constants.MOUNT_FLAGS)}}}"
    )


def _hexadecimal(word: int) -> str:
    return f"{word & 0xFFFFFFFF:#x}" if word else "0"


@non_null
def _show_status(call: CallArguments, index: int) -> str:
    data = call.memory(call.address(index), _STAT.size)
    return _status_text(*_STAT.unpack(data))


_EXTENDED: Final = show_structure(_STATX, _extended_text)
_FILE_SYSTEM: Final = show_structure(_STATFS, _file_system_text)


def _statx_flags(call: CallArguments, index: int) -> str:
    value = call.unsigned(index)
    sync = constant_text(value & constants.STATX_SYNC_BITS, constants.STATX_SYNC)
    rest = value & ~constants.STATX_SYNC_BITS
    return f"{sync}|{flags_text(rest, constants.AT_FLAGS)}" if rest else sync


def _access_mode(call: CallArguments, index: int) -> str:
    return flags_text(call.unsigned(index), ACCESS_MODES) if call.unsigned(index) else "F_OK"


def _show_entries(call: CallArguments, index: int) -> str:
    """Count the directory entries that were read (getdents64(2))."""
    pointer = show_pointer(call, index)
    if not 0 <= call.returned <= _MOST_ENTRY_BYTES:
        return pointer
    data = call.memory(call.address(index), call.returned) if call.returned else b""
    at = count = 0
    while at + _DIRECTORY_ENTRY.size <= len(data):
        (size,) = _DIRECTORY_ENTRY.unpack_from(data, at)
        if size < _DIRECTORY_ENTRY.size:
            raise UnreadableError
        at += size
        count += 1
    return f"{pointer} /* {count} entries */"


def _show_directory(call: CallArguments, index: int) -> str:
    """Show what getcwd(2) has written: its result is the size, with the NUL byte."""
    return data_text(call, call.address(index), max(call.returned - 1, 0))


@non_null
def _show_file_times(call: CallArguments, index: int) -> str:
    one, one_ns, other, other_ns = _TIMES.unpack(call.memory(call.address(index), _TIMES.size))
    return f"[{_file_time(one, one_ns)}, {_file_time(other, other_ns)}]"


def _file_time(seconds: int, fraction_ns: int) -> str:
    if fraction_ns in _SPECIAL_TIMES:
        return _SPECIAL_TIMES[fraction_ns]
    text = timespec_text(seconds, fraction_ns)
    date = date_text(seconds, f".{fraction_ns:09d}" if fraction_ns else "")
    return f"{text} /* {date} */" if date else text


_SPECIAL_TIMES: Final = {constants.UTIME_NOW: "UTIME_NOW", constants.UTIME_OMIT: "UTIME_OMIT"}


def _fcntl_command(call: CallArguments) -> str | None:
    return FCNTL_COMMANDS.get(call.unsigned(1))


def _show_fcntl_argument(call: CallArguments, index: int) -> str:
    match _fcntl_command(call):
        case "F_SETFD":
            return flags_text(call.unsigned(index), constants.DESCRIPTOR_FLAGS)
        case "F_SETFL":
            return status_flags_text(call.unsigned(index))
        case "F_ADD_SEALS":
            return flags_text(call.unsigned(index), constants.SEALS)
        case "F_DUPFD" | "F_DUPFD_CLOEXEC" | "F_SETPIPE_SZ" | "F_SETOWN":
            return str(call.signed(index))
        case _:
            return show_fcntl_argument(call, index)


def status_flags_text(value: int) -> str:
    """Write the access mode and the flags of an open file."""
    mode = constant_text(value & O_ACCMODE, OPEN_MODES)
    rest = value & ~O_ACCMODE
    return f"{mode}|{flags_text(rest, OPEN_FLAGS)}" if rest else mode


def _show_fcntl_given(call: CallArguments, index: int) -> str:
    if _fcntl_command(call) not in {"F_GETLK", "F_OFD_GETLK"}:
        return _show_fcntl_argument(call, index)
    (*_, pid) = _LOCK.unpack(call.memory(call.address(index), _LOCK.size))
    return f"{show_record_lock(call, index).removesuffix('}')}, l_pid={pid}}}"


def _fcntl_result(call: CallArguments) -> str | None:
    value = call.returned
    match _fcntl_command(call):
        case "F_GETFD" if value:
            return f"{value:#x} (flags {flags_text(value, constants.DESCRIPTOR_FLAGS)})"
        case "F_GETFL":
            shown = f"{value:#x}" if value else "0"
            return f"{shown} (flags {status_flags_text(value)})"
        case "F_GET_SEALS" if value:
            return f"{value:#x} (seals {flags_text(value, constants.SEALS)})"
        case _:
            return None


def _umask_result(call: CallArguments) -> str:
    return octal_text(call.returned)


def octal_text(value: int) -> str:
    """Write permissions as strace does: three digits at least, a zero before them."""
    return f"0{value:02o}" if value else "000"


def _show_octal(call: CallArguments, index: int) -> str:
    return octal_text(call.unsigned(index))


_AT_FLAGS: Final = show_flags_of(constants.AT_FLAGS)
_STATUS_OF_PATH: Final[tuple[Render, ...]] = (show_path, show_pointer)
_TWO_PATHS: Final[tuple[Render, ...]] = (show_path, show_path)
_AT: Final[tuple[Render, ...]] = (show_directory_fd, show_path)
_VECTOR: Final[tuple[Render, ...]] = (show_fd, show_sent_vectors, show_size)
_READ_VECTOR: Final[tuple[Render, ...]] = (show_fd, show_iovecs, show_size)
_READ_WRITE: Final = show_flags_of(constants.READ_WRITE_FLAGS)

FILE_CALLS: Final = Family(
    # Each as in section 2 of the manual pages.
    entered={
        "chown": (show_path, show_owner, show_owner),
        "close_range": (
            show_unsigned_int,
            show_unsigned_int,
            show_flags_of(constants.CLOSE_RANGE_FLAGS),
        ),
        "copy_file_range": (
            show_fd,
            show_given_long,
            show_fd,
            show_given_long,
            show_size,
            show_unsigned_int,
        ),
        "dup3": (show_fd, show_fd, show_flags_of(OPEN_FLAGS)),
        "faccessat": (show_directory_fd, show_path, _access_mode),
        "faccessat2": (*_AT, _access_mode, show_flags_of(constants.ACCESS_AT_FLAGS)),
        "fallocate": (
            show_fd,
            show_flags_of(constants.FALLOCATE_MODES),
            show_signed_long,
            show_signed_long,
        ),
        "fchown": (show_fd, show_owner, show_owner),
        "fchownat": (*_AT, show_owner, show_owner, _AT_FLAGS),
        "fcntl": (show_fd, show_constant_of(FCNTL_COMMANDS), _show_fcntl_argument),
        "fstat": (show_fd, show_pointer),
        "fstatfs": (show_fd, show_pointer),
        "ftruncate": (show_fd, show_signed_long),
        "getcwd": (show_pointer, show_size),
        "getdents64": (show_fd, show_pointer, show_size),
        "lchown": (show_path, show_owner, show_owner),
        "linkat": (*_AT, *_AT, _AT_FLAGS),
        "lstat": _STATUS_OF_PATH,
        "memfd_create": (show_path, show_flags_of(constants.MEMFD_FLAGS)),
        "mkdirat": (*_AT, show_mode),
        "mremap": (
            show_pointer,
            show_size,
            show_size,
            show_flags_of(constants.MREMAP_FLAGS),
            show_pointer,
        ),
        "msync": (show_pointer, show_size, show_flags_of(constants.MSYNC_FLAGS)),
        "newfstatat": (*_AT, show_pointer, _AT_FLAGS),
        "preadv": (*_READ_VECTOR, show_signed_long),
        "preadv2": (*_READ_VECTOR, show_signed_long, _READ_WRITE),
        "pwrite64": (show_fd, show_data, show_size, show_signed_long),
        "pwritev": (*_VECTOR, show_signed_long),
        "pwritev2": (*_VECTOR, show_signed_long, _READ_WRITE),
        "readlink": (show_path, show_pointer, show_size),
        "readlinkat": (*_AT, show_pointer, show_size),
        "renameat": (*_AT, *_AT),
        "renameat2": (*_AT, *_AT, show_flags_of(constants.RENAME_FLAGS)),
        "sendfile": (show_fd, show_fd, show_given_long, show_size),
        "stat": _STATUS_OF_PATH,
        "statfs": _STATUS_OF_PATH,
        "statx": (*_AT, _statx_flags, show_flags_of(constants.STATX_MASKS), show_pointer),
        "symlink": _TWO_PATHS,
        "symlinkat": (show_path, *_AT),
        "truncate": (show_path, show_signed_long),
        "umask": (_show_octal,),
        "unlinkat": (*_AT, _AT_FLAGS),
        "utimensat": (*_AT, _show_file_times, _AT_FLAGS),
        "writev": _VECTOR,
    },
    given={
        "fcntl": {2: _show_fcntl_given},
        "fstat": {1: _show_status},
        "fstatfs": {1: _FILE_SYSTEM},
        "getcwd": {0: _show_directory},
        "getdents64": {1: _show_entries},
        "lstat": {1: _show_status},
        "newfstatat": {2: _show_status},
        "preadv": {1: show_received_vectors},
        "preadv2": {1: show_received_vectors},
        "readv": {1: show_received_vectors},
        "stat": {1: _show_status},
        "statfs": {1: _FILE_SYSTEM},
        "statx": {4: _EXTENDED},
    },
    results={"fcntl": _fcntl_result, "umask": _umask_result},
    positions={
        "mremap": lambda call: (
            (0, 1, 2, 3, 4)
            if call.unsigned(3) & (constants.MREMAP_FIXED | constants.MREMAP_DONTUNMAP)
            else (0, 1, 2, 3)
        ),
    },
)
