"""What Apache Thrift's transports, in Python and C++, and thriftpy2's do when a call gives EINTR.

Read from the tags of apache/thrift (lib/py/src, installed as the package ``thrift``, and
lib/cpp/src), and from Thriftpy/thriftpy and Thriftpy/thriftpy2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class OnEintr(StrEnum):
    """What the function does with the EINTR it gets from Python."""

    WRAPS = "wraps"  # raises TTransportException with the error inside
    PASSES_ON = "passes-on"  # lets the exception through
    LOSES_DATA = "loses-data"  # lets it through and forgets what it had read
    RETRIES = "retries"
    RETRIES_SOME_TIMES = "retries-some-times"  # up to a number that can be set
    TAKES_FOR_CLOSED = "takes-for-closed"  # believes that the peer has closed


@dataclass(frozen=True)
class ThriftFact:
    """One function of the library, for releases ``first`` to ``last`` (both included).

    These are the releases that were looked at, not a claim about others; ``last`` of ``None``
    stands for all later ones. ``file`` is the end of the path as installed.
    ``retry_is_safe``: whether calling the function again continues where the stream stands;
    ``None``: not known.
    """

    library: str
    first: str
    last: str | None
    file: str
    function: str
    on_eintr: OnEintr
    retry_is_safe: bool | None
    text: str
    citation: str


RECEIVE_PREFIX = "recv_"
"""The Thrift compiler's Python code: ``get_image`` calls ``recv_get_image`` for the reply."""

SEND_PREFIX = "send_"
"""Likewise: ``get_image`` first calls ``send_get_image``."""

REPLY_NOT_MATCHED = (
    "Thrift's generated Python client reads the next message on the connection as the reply:"
    " it looks neither at the name nor at the sequence id in it"
)
REPLY_NOT_MATCHED_CITATION = (
    "apache/thrift compiler/cpp/src/thrift/generate/t_py_generator.cc, generate_service_client():"
    " (fname, mtype, rseqid) = iprot.readMessageBegin(), of which only mtype is used"
)

APACHE_THRIFT = "Apache Thrift"
THRIFT_CPP = "Apache Thrift C++"
_TSOCKET = "thrift/transport/TSocket.py"
_TTRANSPORT = "thrift/transport/TTransport.py"
_NO_EINTR = "the word EINTR occurs in no commit under lib/py"

THRIFT_FACTS = (
    ThriftFact(
        APACHE_THRIFT,
        "0.2.0",
        "0.4.0",
        _TSOCKET,
        "read",
        OnEintr.PASSES_ON,
        True,
        "TSocket.read calls recv once and lets every exception through",
        f"apache/thrift lib/py/src/transport/TSocket.py, tags 0.2.0 to 0.4.0; {_NO_EINTR}",
    ),
    ThriftFact(
        APACHE_THRIFT,
        "0.5.0",
        "0.12.0",
        _TSOCKET,
        "read",
        OnEintr.PASSES_ON,
        True,
        "TSocket.read lets every socket.error through but ECONNRESET on macOS and FreeBSD",
        f"apache/thrift lib/py/src/transport/TSocket.py, tags 0.5.0 to 0.12.0; {_NO_EINTR}",
    ),
    ThriftFact(
        APACHE_THRIFT,
        "0.13.0",
        "0.20.0",
        _TSOCKET,
        "read",
        OnEintr.WRAPS,
        True,
        "TSocket.read wraps every socket.error but ETIMEDOUT in "
        "TTransportException('unexpected exception'): errno 4 is left only in its .inner",
        f"apache/thrift lib/py/src/transport/TSocket.py, tags 0.13.0 to v0.20.0; {_NO_EINTR}",
    ),
    ThriftFact(
        APACHE_THRIFT,
        "0.21.0",
        "0.24.0",
        _TSOCKET,
        "read",
        OnEintr.WRAPS,
        True,
        "TSocket.read wraps every socket.error but a timeout in "
        "TTransportException('unexpected exception'): errno 4 is left only in its .inner",
        f"apache/thrift lib/py/src/transport/TSocket.py, tags v0.21.0 to v0.24.0; {_NO_EINTR}",
    ),
    ThriftFact(
        APACHE_THRIFT,
        "0.13.0",
        "0.24.0",
        _TSOCKET,
        "write",
        OnEintr.WRAPS,
        False,
        "TSocket.write sends in a loop and wraps every socket.error in "
        "TTransportException('unexpected exception'); how much was sent is lost",
        f"apache/thrift lib/py/src/transport/TSocket.py, tags 0.13.0 to v0.24.0; {_NO_EINTR}",
    ),
    ThriftFact(
        APACHE_THRIFT,
        "0.14.0",
        "0.24.0",
        _TSOCKET,
        "isOpen",
        OnEintr.TAKES_FOR_CLOSED,
        None,
        "TSocket.isOpen peeks at one byte; an error that is not EAGAIN makes it close the socket",
        "apache/thrift lib/py/src/transport/TSocket.py, tags 0.14.0 to v0.24.0",
    ),
    ThriftFact(
        APACHE_THRIFT,
        "0.21.0",
        "0.24.0",
        _TTRANSPORT,
        "readAll",
        OnEintr.LOSES_DATA,
        False,
        "readAll collects what read returns in a local variable: when read raises, the bytes "
        "already read are gone and the stream is out of step",
        "apache/thrift 0.21.0 lib/py/src/transport/TTransport.py L58-70, TTransportBase.readAll",
    ),
    ThriftFact(
        APACHE_THRIFT,
        "0.21.0",
        "0.24.0",
        "thrift/server/TNonblockingServer.py",
        "_poll_select",
        OnEintr.PASSES_ON,
        True,
        "TNonblockingServer waits in poll() without handling EINTR: serve() ends with the error",
        "apache/thrift 0.21.0 and v0.24.0 lib/py/src/server/TNonblockingServer.py L348",
    ),
    ThriftFact(
        "thriftpy",
        "0.3.9",
        "0.3.9",
        "thriftpy/transport/socket.py",
        "read",
        OnEintr.PASSES_ON,
        True,
        "thriftpy's TSocket.read calls recv once and lets EINTR through; thriftpy2 calls again",
        "Thriftpy/thriftpy 0.3.9; its pull request 281 was not merged",
    ),
    ThriftFact(
        "thriftpy2",
        "0.4.0",
        None,
        "thriftpy2/transport/socket.py",
        "read",
        OnEintr.RETRIES,
        True,
        "thriftpy2's TSocket.read calls recv again when it gets EINTR",
        "Thriftpy/thriftpy2 pull request 9, commit 823ab8d, in 0.4.0 and later",
    ),
)

_CPP_FILES = "lib/cpp/src/thrift/transport"

# ``file`` is that of the source; ``first`` to ``last`` are the tags that were looked at.
THRIFT_CPP_FACTS = (
    ThriftFact(
        THRIFT_CPP,
        "0.5.0",
        "0.24.0",
        f"{_CPP_FILES}/TSocket.cpp",
        "TSocket::read",
        OnEintr.RETRIES_SOME_TIMES,
        True,
        "C++ Thrift's TSocket::read calls recv (or poll) again after EINTR up to maxRecvRetries"
        " times, five unless setMaxRecvRetries() says otherwise, each time with the whole timeout;"
        " then it throws TTransportException",
        f"apache/thrift {_CPP_FILES}/TSocket.cpp v0.24.0 L567, L617-620; setMaxRecvRetries L830",
    ),
    ThriftFact(
        THRIFT_CPP,
        "0.5.0",
        "0.24.0",
        f"{_CPP_FILES}/TSocket.cpp",
        "TSocket::peek",
        OnEintr.RETRIES_SOME_TIMES,
        True,
        "C++ Thrift's TSocket::peek polls again after EINTR up to maxRecvRetries times",
        f"apache/thrift {_CPP_FILES}/TSocket.cpp v0.24.0 L201, L230",
    ),
    ThriftFact(
        THRIFT_CPP,
        "0.5.0",
        "0.24.0",
        f"{_CPP_FILES}/TSocket.cpp",
        "TSocket::write_partial",
        OnEintr.WRAPS,
        False,
        "C++ Thrift's TSocket::write_partial does not call again: EINTR from send becomes"
        " TTransportException; how much of the message was sent is lost",
        f"apache/thrift {_CPP_FILES}/TSocket.cpp v0.24.0, write_partial()",
    ),
    ThriftFact(
        THRIFT_CPP,
        "0.5.0",
        "0.24.0",
        f"{_CPP_FILES}/TSSLSocket.cpp",
        "TSSLSocket::read",
        OnEintr.RETRIES_SOME_TIMES,
        True,
        "C++ Thrift's TSSLSocket::read calls again after EINTR up to maxRecvRetries times",
        f"apache/thrift {_CPP_FILES}/TSSLSocket.cpp v0.24.0 L456-481",
    ),
    ThriftFact(
        THRIFT_CPP,
        "0.5.0",
        "0.24.0",
        f"{_CPP_FILES}/TServerSocket.cpp",
        "TServerSocket::acceptImpl",
        OnEintr.RETRIES_SOME_TIMES,
        True,
        "C++ Thrift's TServerSocket::acceptImpl polls again after EINTR five times",
        f"apache/thrift {_CPP_FILES}/TServerSocket.cpp v0.24.0 L636-655",
    ),
    ThriftFact(
        THRIFT_CPP,
        "0.5.0",
        "0.24.0",
        f"{_CPP_FILES}/TFDTransport.cpp",
        "TFDTransport::read",
        OnEintr.RETRIES_SOME_TIMES,
        True,
        "C++ Thrift's TFDTransport::read calls read again after EINTR a number of times",
        f"apache/thrift {_CPP_FILES}/TFDTransport.cpp v0.24.0 L67",
    ),
)

# Itanium C++ ABI, 5.1.4: a nested name is a row of names, each after its length.
_CPP_SYMBOL = re.compile(r"_ZNK?6apache6thrift9transport(?P<names>\d.*)")
_CPP_DEMANGLED = re.compile(r"apache::thrift::transport::(?P<names>\w+::\w+)")


def thrift_cpp_fact(symbol: str) -> ThriftFact | None:
    """Give the fact about a C++ function by its symbol, mangled or not."""
    mangled, demangled = _CPP_SYMBOL.match(symbol), _CPP_DEMANGLED.match(symbol)
    if mangled is not None:
        name = "::".join(_names(mangled["names"]))
    elif demangled is not None:
        name = demangled["names"]
    else:
        return None
    return next((fact for fact in THRIFT_CPP_FACTS if fact.function == name), None)


def _names(mangled: str) -> list[str]:
    names: list[str] = []
    while match := re.match(r"\d{1,3}", mangled):
        end = match.end() + int(match[0])
        names.append(mangled[match.end() : end])
        mangled = mangled[end:]
    return names


def thrift_facts_for(file: str, function: str) -> tuple[ThriftFact, ...]:
    """Give the facts about a Python function, from the oldest release to the newest.

    ``file``: the path as the code object has it; ``function``: its name, bare or qualified
    (``TSocket.read``). More than one fact where releases differ; none for other code.
    """
    name = function.rpartition(".")[2]
    return tuple(
        fact
        for fact in THRIFT_FACTS
        if fact.function == name and (file == fact.file or file.endswith(f"/{fact.file}"))
    )


# The system calls that the functions wait in, where each is read in the same source.
_THRIFT_CALLS = {
    "recvfrom": ("TSocket.py", "read"),
    "poll": ("TSocket.py", "read"),
    "sendto": ("TSocket.py", "write"),
}
_CPP_CALLS = {
    "recvfrom": "TSocket::read",
    "poll": "TSocket::read",
    "sendto": "TSocket::write_partial",
    "read": "TFDTransport::read",
}


def call_of_thrift(function: str) -> str | None:
    """Give the call that a function of TSocket waits in: recvfrom for ``TSocket.read``."""
    bare = function.casefold().removeprefix("tsocket").lstrip(".:")
    return {"read": "recvfrom", "write": "sendto", "write_partial": "sendto"}.get(bare)


def newest_thrift_fact(syscall: str) -> ThriftFact | None:
    """Give what the newest Apache Thrift for Python that was looked at does, by its call."""
    file, function = _THRIFT_CALLS.get(syscall, ("", ""))
    facts = [
        fact
        for fact in THRIFT_FACTS
        if fact.library == APACHE_THRIFT
        and fact.file.endswith(f"/{file}")
        and fact.function == function
    ]
    return facts[-1] if facts else None


def thrift_cpp_fact_of_call(syscall: str) -> ThriftFact | None:
    """Give what Apache Thrift's C++ library does where it waits in this call."""
    return next(
        (fact for fact in THRIFT_CPP_FACTS if fact.function == _CPP_CALLS.get(syscall)), None
    )
