"""A system call with its arguments decoded, in strace's spelling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from eintr_trace.model.events import FileDescriptor
from eintr_trace.sources.live.call_arguments import (
    CallArguments,
    Read,
    Render,
    UnreadableError,
    fd_set_members,
    polled_descriptors,
    show_fd,
    show_fd_set,
    show_hexadecimal,
    show_pointer,
    show_pollfds,
)
from eintr_trace.sources.live.call_signatures import (
    POSITIONS,
    SIGNATURES,
    Prototype,
    Signature,
    signature_of,
)
from eintr_trace.sources.live.decoding import families
from eintr_trace.sources.live.ordinary_signatures import ORDINARY_SIGNATURES


def describe_call(
    nr: int,
    name: str,
    args: tuple[int, ...],
    read: Read,
    prototype: Prototype | None,
    descriptor: FileDescriptor | None,
    *,
    given: Mapping[int, Render] = MappingProxyType({}),
    returned: int = 0,
    length_before: int | None = None,
) -> str:
    """Write a call as strace does: ``recvfrom(3<TCP:[…]>, 0x7f…, 4096, 0, NULL, NULL)``.

    ``args`` are the raw registers, ``prototype`` serves calls that have no signature of their
    own; with neither, the registers are shown as they are. ``descriptor`` is shown wherever
    its number occurs as a descriptor. ``given`` shows arguments, by their positions, of a call
    that has come back with ``returned``, and was given ``length_before``. Never raises: what
    cannot be read is shown as its address.
    """
    if name == "restart_syscall":
        return "restart_syscall(<... resuming interrupted system call ...>)"
    call = CallArguments(args, read, descriptor, returned, length_before)
    signature = _signature(name, args, prototype)
    positions = [at for at in _positions(name, call, signature) if at < len(args)]
    shown = [_show(call, at, given.get(at, signature[at])) for at in positions]
    return f"{name or f'syscall_{nr}'}({', '.join(shown)})"


def used_arguments(
    name: str, args: tuple[int, ...], prototype: Prototype | None
) -> tuple[int, ...]:
    """Give those of the six registers that hold arguments of the call; all, if that is unknown."""
    own = _own_signature(name)
    known = prototype if own is None else own
    return args if known is None else args[: len(known)]


def _own_signature(name: str) -> Signature | None:
    for signatures in (families.ENTERED, SIGNATURES, ORDINARY_SIGNATURES):
        if name in signatures:
            return signatures[name]
    return None


def _signature(name: str, args: tuple[int, ...], prototype: Prototype | None) -> Signature:
    own = _own_signature(name)
    if own is not None:
        return own
    return (show_hexadecimal,) * len(args) if prototype is None else signature_of(prototype)


def _positions(name: str, call: CallArguments, signature: Signature) -> Sequence[int]:
    everything = range(len(signature))
    try:
        choose = POSITIONS.get(name) or families.POSITIONS.get(name)
        return everything if choose is None else choose(call)
    except UnreadableError:
        return everything


def _show(call: CallArguments, position: int, render: Render) -> str:
    try:
        return render(call, position)
    except UnreadableError:
        return show_pointer(call, position)


def waited_descriptor(
    name: str, args: tuple[int, ...], read: Read, prototype: Prototype | None
) -> int | None:
    """Give the descriptor a call is about: its first argument, or the only one it polls.

    ``None``: it is about none or about several, or that could not be read.
    """
    call = CallArguments(args, read, None)
    try:
        descriptors = _waited_descriptors(call, _signature(name, args, prototype))
    except UnreadableError:
        return None
    return descriptors.pop() if len(descriptors) == 1 else None


def _waited_descriptors(call: CallArguments, signature: Signature) -> set[int]:
    if signature[:1] == (show_fd,):
        fd = call.signed(0)
        return {fd} if fd >= 0 else set()
    if signature[:1] == (show_pollfds,):
        return polled_descriptors(call, 0)
    if show_fd_set in signature:
        return {
            fd
            for index, render in enumerate(signature)
            if render is show_fd_set and call.address(index)
            for fd in fd_set_members(call, index)
        }
    return set()
