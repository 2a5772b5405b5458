"""What well-known C libraries and extension modules do when a call gives them EINTR.

Only what was read in their source, or, for the one without source, reported with evidence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

# auditwheel puts a hash into the name of a library that it bundles: libpq-a17e3caa.so.5.17.
_HASH = r"(-[0-9a-f]{8})?"


class LibraryOnEintr(StrEnum):
    """What the code does with EINTR."""

    CALLS_AGAIN = "calls-again"
    ASKS_TO_CALL_AGAIN = "asks-to-call-again"  # tells its caller that it is not an error
    RETURNS_EARLY = "returns-early"  # takes it for the end of the wait
    PASSES_ON = "passes-on"  # its caller gets the error
    LEAVES_ERRNO = "leaves-errno"  # hands the result on as it is, and keeps errno
    GIVES_UP = "gives-up"  # takes it for a broken connection


@dataclass(frozen=True)
class LibraryFact:
    """One way in which code meets EINTR.

    ``files`` and ``functions`` are regular expressions for the whole name of the program file
    and of one of its functions on the stack. ``calls_again_since`` is the release of the
    package from which on it calls again, where older ones do not.
    """

    library: str
    files: str
    functions: str
    on_eintr: LibraryOnEintr
    text: str
    citation: str
    calls_again_since: str | None = None


LIBRARY_FACTS = (
    LibraryFact(
        "libpq",
        rf"libpq{_HASH}\.so.*",
        r"pqWait|pqWaitTimed|pqSocketCheck|pqSocketPoll|PQsocketPoll|PQgetResult|PQexec.*",
        LibraryOnEintr.CALLS_AGAIN,
        "libpq waits with poll in pqSocketCheck() and calls again as long as that gives EINTR",
        "postgres src/interfaces/libpq/fe-misc.c, pqSocketCheck(), commit 020794e; seen with"
        " libpq 5.17 of psycopg2-binary 2.9.13",
    ),
    LibraryFact(
        "psycopg 3",
        r"_psycopg\..*so",
        r"wait_c_impl|.*wait_c.*",
        LibraryOnEintr.CALLS_AGAIN,
        "psycopg's wait_c_impl() calls poll again as long as that gives EINTR; releases before"
        " 3.1.13 raised InterruptedError",
        "psycopg/psycopg psycopg_c/psycopg_c/_psycopg/waiting.pyx, commit 0190488; issue 667;"
        " release notes of 3.1.13",
        calls_again_since="3.1.13",
    ),
    LibraryFact(
        "libcurl",
        rf"libcurl(-gnutls|-nss)?{_HASH}\.so.*",
        r"Curl_poll|Curl_socket_check|Curl_wait_ms|Curl_multi_wait|multi_wait|curl_multi_(wait|poll)"
        r"|curl_easy_perform|easy_transfer|easy_perform",
        LibraryOnEintr.RETURNS_EARLY,
        "libcurl's Curl_poll() takes EINTR for the end of this wait, and the transfer goes on;"
        " old releases (2017) call again for the time that is left",
        "curl/curl lib/select.c, Curl_poll(): SOCKEINTR gives 0; at commit 0138eb9 a loop;"
        " seen to poll again with libcurl 4.8.0 of pycurl 7.49.0",
    ),
    LibraryFact(
        "OpenSSL",
        rf"libcrypto{_HASH}\.so.*",
        r"sock_read|sock_write|BIO_.*",
        LibraryOnEintr.ASKS_TO_CALL_AGAIN,
        "OpenSSL's socket BIO asks its caller to call again: SSL_read() and SSL_write() fail with"
        " SSL_ERROR_WANT_READ or SSL_ERROR_WANT_WRITE",
        "openssl/openssl crypto/bio/bss_sock.c, BIO_sock_non_fatal_error(), commit 0223dfc",
    ),
    LibraryFact(
        "libzmq",
        rf"libzmq{_HASH}\.so.*",
        r".*signaler_t.*wait.*|zmq_poll|zmq_msg_recv|zmq_recv",
        LibraryOnEintr.PASSES_ON,
        "libzmq gives EINTR to its caller; pyzmq calls again",
        "zeromq/libzmq src/signaler.cpp, signaler_t::wait(), commit 022cf2a; pyzmq"
        " zmq/backend/cython/socket.pyx, _recv_copy(): InterruptedSystemCall, continue; seen with"
        " libzmq 5.2.5 of pyzmq 27.3.0",
    ),
    LibraryFact(
        "cffi",
        r"_cffi_backend\..*so",
        r"cdata_call|.*ffi_call.*",
        LibraryOnEintr.LEAVES_ERRNO,
        "cffi gives Python what the C function returned, and keeps errno in ffi.errno",
        "https://cffi.readthedocs.io/en/latest/ref.html#ffi-errno; seen with cffi 2.1.1",
    ),
    LibraryFact(
        "FreeTDS",
        rf"lib(sybdb|tdsodbc|ct|tds[\w.-]*?){_HASH}\.so.*",
        r"tds_select|tds_goodread|tds_goodwrite|tds_connection_read",
        LibraryOnEintr.CALLS_AGAIN,
        "FreeTDS calls poll again after EINTR, for the whole of its timeout once more",
        "FreeTDS/freetds src/tds/net.c, tds_select(): TDSSOCK_EINTR",
    ),
    LibraryFact(
        "Microsoft's ODBC driver",
        r"libmsodbcsql-.*\.so.*",
        r".*",
        LibraryOnEintr.GIVES_UP,
        "Microsoft's ODBC driver takes EINTR from poll for a broken connection (08S01, TCP"
        " Provider error 0x2714): reported for release 18.6, not read in source",
        "microsoft/msphpsql issue 1682, with a disassembly of libmsodbcsql-18.6.so.2.1",
    ),
    LibraryFact(
        "MySQL's client library",
        rf"libmysqlclient(_r)?{_HASH}\.so.*|_mysql_connector\..*so",
        r"vio_io_wait|vio_read|vio_read_buff|vio_write|vio_socket_connect|vio_should_retry",
        LibraryOnEintr.CALLS_AGAIN,
        "MySQL's client library calls poll again after EINTR only so often as its retry_count"
        " says, with the whole timeout each time; then it gives the connection up",
        "mysql/mysql-server vio/viosocket.cc, vio_io_wait(), commit 023dd1e",
    ),
    LibraryFact(
        "MariaDB Connector/C",
        rf"lib(mariadb|mysqlclient){_HASH}\.so.*",
        r"pvio_socket_wait_io_or_timeout|pvio_socket_read|pvio_socket_write|ma_recv|ma_send"
        r"|ma_pvio_.*",
        LibraryOnEintr.CALLS_AGAIN,
        "MariaDB Connector/C calls recv, send and poll again as long as they give EINTR, poll"
        " with the whole timeout each time",
        "mariadb-corporation/mariadb-connector-c plugins/pvio/pvio_socket.c, ma_recv(),"
        " pvio_socket_wait_io_or_timeout(), commit 00b3560",
    ),
    LibraryFact(
        "uWSGI",
        r"uwsgi.*|libuwsgi.*\.so",
        r"uwsgi_waitfd_event",
        LibraryOnEintr.PASSES_ON,
        "uWSGI's uwsgi_waitfd_event() logs EINTR from poll as an error and returns it to its"
        " caller",
        "unbit/uwsgi core/io.c, uwsgi_waitfd_event()",
    ),
    LibraryFact(
        "uWSGI",
        r"uwsgi.*|libuwsgi.*\.so",
        r"event_queue_wait|event_queue_wait_multi",
        LibraryOnEintr.PASSES_ON,
        "uWSGI's event queue returns EINTR from epoll_wait to its loop without logging it",
        "unbit/uwsgi core/event.c, event_queue_wait(), commit 0605148",
    ),
)


def library_fact(file: str, functions: tuple[str, ...]) -> LibraryFact | None:
    """Give what is known of code by its ``file``'s path and its ``functions`` on the stack."""
    name = file.rpartition("/")[2]
    for fact in LIBRARY_FACTS:
        if re.fullmatch(fact.files, name) and any(
            re.fullmatch(fact.functions, function) for function in functions
        ):
            return fact
    return None
