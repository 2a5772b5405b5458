from __future__ import annotations

import ast
import errno
import re
import shlex
import signal
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eintr_trace.facts.glossary.entry import Entry, Topic, written_entries
from eintr_trace.facts.glossary.lookup import all_entries, entries_of, find, short, suggestions
from eintr_trace.facts.glossary.numbers import meanings_of_number
from eintr_trace.facts.pep475 import all_pep475_rows
from eintr_trace.facts.restart_codes import RestartCode
from eintr_trace.facts.signals import SIGRTMAX, signal_name
from eintr_trace.facts.syscalls import BOOKKEEPING_CALLS, all_interruptible_calls
from eintr_trace.model.c_stack import CodeRole, PathEnd, StackEnd
from eintr_trace.model.episodes import (
    Confidence,
    DelayBound,
    DelayCause,
    EvidenceKind,
    Outcome,
    TracerInduced,
)
from eintr_trace.model.events import Reduction

ENTRIES = all_entries()
WORDS = [(entry, word) for entry in ENTRIES for word in entry.words]
SENTENCE_END = re.compile(r"[.!?](?= [A-Z_]|$)")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_an_entry_has_all_its_parts(entry: Entry) -> None:
    assert entry.short.endswith(".")
    assert entry.why
    assert all(paragraph[-1] in ".;:" for paragraph in entry.why), entry.why
    assert entry.see_it
    assert entry.shows
    assert entry.citation
    assert all(find(word) for word in entry.see_also), entry.see_also
    assert not set(entry.see_also) & set(entry.words)


@pytest.mark.parametrize("entry", written_entries(), ids=lambda entry: entry.name)
def test_for_the_hurried_there_are_two_sentences(entry: Entry) -> None:
    assert len(SENTENCE_END.findall(entry.short)) in {1, 2, 3}
    assert len(entry.short) < 420


def test_every_word_leads_to_its_entry() -> None:
    lost = [(entry.name, word) for entry, word in WORDS if not find(word)]
    assert lost == []
    assert all(entry in find(entry.name) for entry in ENTRIES)


def test_no_two_entries_are_called_the_same() -> None:
    named: defaultdict[str, list[str]] = defaultdict(list)
    for entry in ENTRIES:
        named[re.sub(r"[^a-z0-9]", "", entry.name.casefold())].append(entry.name)
    assert [names for names in named.values() if len(names) > 1] == []


PLAIN_ENDS = {
    PathEnd.SIGNAL,
    PathEnd.ENDED,
    PathEnd.EVALUATION_LOOP,
}  # the last is Python's own word
REPORTED = [
    *Outcome,
    *(f"tracer-induced: {kind}" for kind in TracerInduced),
    *Confidence,
    *EvidenceKind,
    *Reduction,
    *DelayCause,
    *DelayBound,
    *StackEnd,
    *(end for end in PathEnd if end not in PLAIN_ENDS),
    *(role for role in CodeRole if role is not CodeRole.CTYPES),  # which is a library of its own
]


@pytest.mark.parametrize("word", REPORTED, ids=str)
def test_every_word_of_the_closed_sets_has_an_entry(word: str) -> None:
    (entry,) = find(word)
    assert entry.topic in {Topic.OUTCOMES, Topic.VERDICTS}


def test_every_code_call_function_and_signal_has_an_entry() -> None:
    assert all(find(code.name)[0].name == code.name for code in RestartCode)
    calls = {call.syscall for call in all_interruptible_calls()} | set(BOOKKEEPING_CALLS)
    assert all(find(call)[0].name.startswith(call) for call in calls)
    for row in all_pep475_rows():
        assert all(find(name) for name in (*row.names, row.id)), row.id
    assert [find(signal_name(signo))[0].name for signo in range(1, SIGRTMAX + 1)] == [
        signal_name(signo) for signo in range(1, SIGRTMAX + 1)
    ]


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("eintr", "EINTR"),
        ("sa restart", "SA_RESTART"),
        ("pep475", "PEP 475"),
        ("Pep-475", "PEP 475"),
        ("wakeup fd", "set_wakeup_fd"),
        ("rt_sigreturn = -1 EINTR", "rt_sigreturn = -1 EINTR"),
        ("rt_sigreturn EINTR", "rt_sigreturn = -1 EINTR"),
        ("<... resuming interrupted read ...>", "restart_syscall"),
        ("usr1", "SIGUSR1"),
        ("SIGRTMIN+3", "SIGRT_5"),
        ("SIGPOLL", "SIGIO"),
        ("recv", "recvfrom"),
        ("socket.recv_into", "socket.recv"),
        ("sleep", "time.sleep"),
        ("poll", "poll"),
        ("Apache Thrift", "Thrift"),
        ("so_rcvtimeo", "SO_RCVTIMEO"),
        ("ignored", "tracer-induced: ignored"),
        ("Event.wait", "threading.Lock.acquire"),
        ("Broken pipe", "SIGPIPE"),
        ("eval_breaker", "PyErr_CheckSignals"),
        ("add_signal_handler", "asyncio"),
        ("sock_recv_guts", "socket.recv"),  # as blocks and roads name CPython's functions
        ("sock_recv", "socket.recv"),
        ("pysleep", "time.sleep"),
        ("take_gil", "GIL"),
        ("handed out as EINTR", "EINTR"),
    ],
)
def test_people_may_write_it_their_way(phrase: str, name: str) -> None:
    assert find(phrase)[0].name == name


def test_short_is_what_a_tooltip_holds() -> None:
    text = short("ERESTARTSYS", Topic.CODES)
    assert text is not None
    assert "SA_RESTART" in text
    assert short("no such word", Topic.CODES) is None
    assert short("kill", Topic.CALLS) is None


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("512", ["ERESTARTSYS"]),
        ("-516", ["ERESTART_RESTARTBLOCK"]),
        ("4", ["EINTR", "SIGILL"]),
        ("-4", ["EINTR"]),
        ("10", ["ECHILD", "SIGUSR1"]),
        ("45", ["EL2NSYNC", "SIGRT_13", "recvfrom"]),
        ("219", ["restart_syscall"]),
        ("137", ["SIGKILL"]),
        ("0", ["read"]),
        ("99999", []),
        ("ten", []),
    ],
)
def test_numbers_say_all_that_they_may_be(number: str, words: list[str]) -> None:
    assert [meaning.word for meaning in meanings_of_number(number)] == words


def test_near_words_are_suggested() -> None:
    assert "ERESTARTSYS" in suggestions("ERESTARSYS")
    assert "socket.recv" in suggestions("socket.recieve")
    assert suggestions("qqqqqqqqqqqqqqq") == ()


@given(st.text(max_size=300))
def test_any_word_is_looked_up(word: str) -> None:
    for entry in find(word):
        assert entry in ENTRIES
    suggestions(word)
    meanings_of_number(word)


def test_every_topic_has_entries() -> None:
    assert all(entries_of(topic) for topic in Topic)


def test_signals_are_those_of_this_machine() -> None:
    assert all(find(member.name) for member in signal.Signals)
    assert errno.EINTR == RestartCode.EINTR


def python_of(command: str) -> list[str]:
    """What a command gives to ``python3 -c``."""
    words = shlex.split(command)
    return [
        words[i + 1]
        for i, word in enumerate(words[:-1])
        if word == "-c" and "python3" in words[i - 1]
    ]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_commands_are_python_and_end(entry: Entry) -> None:
    for code in python_of(entry.see_it.replace("$flag", "True")):
        ast.parse(code)
