"""What is known of C libraries: every row cited, found by file and function alone."""

from __future__ import annotations

import re

import pytest

from eintr_trace.facts.libraries import LIBRARY_FACTS, LibraryOnEintr, library_fact
from eintr_trace.facts.pep475 import retries_since
from eintr_trace.facts.thrift import THRIFT_CPP_FACTS, OnEintr, thrift_cpp_fact


def test_every_row_is_cited_and_its_expressions_are_right() -> None:
    for fact in LIBRARY_FACTS:
        assert fact.text
        assert not fact.text.endswith(".")
        assert fact.citation
        assert re.compile(fact.files)
        assert re.compile(fact.functions)


@pytest.mark.parametrize(
    ("file", "function", "library"),
    [
        ("/usr/lib/x86_64-linux-gnu/libpq.so.5.15", "pqSocketCheck", "libpq"),
        ("/v/psycopg2_binary.libs/libpq-a17e3caa.so.5.17", "pqWait", "libpq"),
        ("/v/psycopg_binary/_psycopg.cpython-311-x86_64-linux-gnu.so", "wait_c_impl", "psycopg 3"),
        ("/usr/lib/libcurl-gnutls.so.4.8.0", "Curl_poll", "libcurl"),
        ("/opt/microsoft/lib64/libmsodbcsql-18.6.so.2.1", "?", "Microsoft's ODBC driver"),
        ("/usr/lib/libmysqlclient.so.21.2.36", "vio_io_wait", "MySQL's client library"),
        ("/usr/lib/libmariadb.so.3", "ma_recv", "MariaDB Connector/C"),
        ("/usr/lib/libmysqlclient.so.18", "pvio_socket_read", "MariaDB Connector/C"),
        ("/usr/lib/libpq.so.5.15", "pg_usleep", None),
        ("/usr/lib/libpqxx-7.7.so", "pqWait", None),
        ("/srv/app/libzmqlike.so", "zmq_poll", None),
    ],
)
def test_found_by_file_and_function(file: str, function: str, library: str | None) -> None:
    fact = library_fact(file, (function,))
    assert (None if fact is None else fact.library) == library


def test_any_function_of_the_library_on_the_stack_will_do() -> None:
    fact = library_fact("/usr/lib/libpq.so.5.15", ("conn_wait", "PQgetResult"))
    assert fact is not None
    assert fact.on_eintr is LibraryOnEintr.CALLS_AGAIN


@pytest.mark.parametrize(
    ("symbol", "function"),
    [
        ("_ZN6apache6thrift9transport7TSocket4readEPhj", "TSocket::read"),
        ("_ZN6apache6thrift9transport13TServerSocket10acceptImplEv", "TServerSocket::acceptImpl"),
        ("apache::thrift::transport::TSocket::write_partial(…)", "TSocket::write_partial"),
        ("_ZN6apache6thrift9transport7TSocket5closeEv", None),
        ("_ZN6apache6thrift9transport999TSocket", None),
        ("_ZN6apache6thrift9transport", None),
        ("read", None),
    ],
)
def test_cpp_thrift_by_its_symbols(symbol: str, function: str | None) -> None:
    fact = thrift_cpp_fact(symbol)
    assert (None if fact is None else fact.function) == function


def test_cpp_thrift_says_how_to_retry_more_often() -> None:
    fact = thrift_cpp_fact("_ZN6apache6thrift9transport7TSocket4readEPhj")
    assert fact is not None
    assert fact.on_eintr is OnEintr.RETRIES_SOME_TIMES
    assert "setMaxRecvRetries()" in fact.text
    assert all(one.citation for one in THRIFT_CPP_FACTS)


@pytest.mark.parametrize(
    ("c_function", "since"),
    [
        ("sock_recv_guts", (3, 5)),
        ("sock_recv_impl.isra.0", (3, 5)),
        ("select_poll_poll", (3, 5)),  # its _impl inlined
        ("acquire_timed", (3, 2)),
        ("sock_sendall", (2, 7)),
        ("os_lockf_impl", None),
        ("pqWait", None),
        ("", None),
    ],
)
def test_since_when_a_c_function_calls_again(
    c_function: str, since: tuple[int, ...] | None
) -> None:
    assert retries_since(c_function) == since
