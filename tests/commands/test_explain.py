from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eintr_trace.commands.explained_words import Explained, UnknownWordError, explain
from eintr_trace.facts.glossary.lookup import all_entries
from eintr_trace.reports.glossary_page import ShortEntry, WholeEntry
from eintr_trace.reports.glossary_text import glossary_text
from eintr_trace.reports.layout import Layout, columns
from tests.commands.program import eintr_trace, refused

LIMIT_S = 0.15
GOLDEN = Path(__file__).parent / "golden"


def explained(*words: str, columns: int = 80) -> str:
    done = eintr_trace("explain", *words, environment={"COLUMNS": str(columns)})
    assert done.stderr == ""
    assert done.returncode == 0
    return done.stdout


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("entry", ["eintr"]),
        ("call", ["recvfrom"]),
        ("number", ["-512", "10"]),
        ("line", ["poll([{fd=3, events=POLLIN}], 1, -1) = ? ERESTART_RESTARTBLOCK (Interrupted)"]),
        ("sigreturn", ["rt_sigreturn({mask=[]}) = -1 EINTR (Interrupted system call)"]),
        ("what_if", ["recvfrom", "--python", "2.7", "--handler", "sa_restart"]),
        ("what_if_thrift", ["TSocket.read", "--python", "2.7", "--handler", "plain"]),
        ("what_if_cpp", ["recvfrom", "--client", "cpp", "--timeout", "socket"]),
        ("what_if_table", ["select.select", "--handler", "plain"]),
        ("all_words", []),
    ],
)
def test_what_is_printed(name: str, words: list[str]) -> None:
    golden = GOLDEN / f"explain_{name}.txt"
    text = explained(*words)
    if os.environ.get("EINTR_TRACE_REGENERATE"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


def test_a_phrase_may_come_in_one_word_or_several() -> None:
    assert explained("rt_sigreturn", "EINTR") == explained("rt_sigreturn = -1 EINTR")
    both = explained("EINTR", "SIGUSR1")
    assert both == explained("EINTR") + "\n" + explained("SIGUSR1")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("InterruptedError: [Errno 4]", ["InterruptedError", "EINTR"]),
        ("IOError: [Errno 4] Interrupted system call", ["PEP 3151", "EINTR"]),
        ("select.error: (4, 'Interrupted system call')", ["PEP 3151", "EINTR"]),
        ("select.error: (4, ...)", ["PEP 3151", "EINTR"]),
        ("error(4, 'Interrupted system call')", ["EINTR"]),
        ("TTransportException: unexpected exception", ["TTransportException"]),
        (
            "thrift.transport.TTransport.TTransportException: unexpected exception",
            ["TTransportException"],
        ),
        ("zmq.error.ZMQError: Interrupted system call", ["EINTR"]),
        ("ValueError: signal only works in main thread", ["Python's main thread"]),
        ("? ERESTART_RESTARTBLOCK (Interrupted by signal)", ["ERESTART_RESTARTBLOCK"]),
        ("= ? ERESTARTNOHAND (To be restarted if no handler)", ["ERESTARTNOHAND"]),
        ("= -1 EINTR (Interrupted system call)", ["EINTR"]),
        ("EINTR in close()", ["EINTR", "close"]),
        ("signal(2)", ["signal handler"]),
        ("alarm()", ["setitimer"]),
    ],
)
def test_what_is_pasted_lands_at_its_entries(text: str, names: list[str]) -> None:
    explained = [one for one in explain([text]) if isinstance(one, Explained)]
    assert [entry.name for one in explained for entry in one.entries] == names


def test_unknown_words_suggest_near_ones() -> None:
    done = eintr_trace("explain", "ERESTARSYS")
    assert done.returncode == 1
    assert refused(done) == (
        "the glossary does not have 'ERESTARSYS'. Did you mean ERESTARTSYS, restart code,"
        " restart_syscall? eintr-trace explain lists all words"
    )


def test_what_is_known_is_said_before_what_is_not() -> None:
    done = eintr_trace("explain", "EINTR", "zork")
    assert done.returncode == 1
    assert done.stdout.startswith("EINTR  (errors")
    assert "'zork'" in done.stderr


def test_what_several_words_mean_is_said_once() -> None:
    said = explained("10", "usr1", "SIGUSR1")
    assert said.count("SIGUSR1  (signals)") == 1


def test_a_call_that_was_not_measured_says_so() -> None:
    assert "was not measured" in explained("fallocate")


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["EINTR", "--python", "2.7"], 1),
        (["--python", "2.7"], 2),
        (["recvfrom", "poll", "--python", "2.7"], 2),
        (["recvfrom", "--python", "1.5"], 2),
        (["recvfrom", "--python", "3.99"], 2),
        (["recvfrom", "--python", "three"], 2),
        (["recvfrom", "--handler", "nice"], 2),
        (["recvfrom", "--handler", "raises", "--client", "c"], 2),
        (["recvfrom", "--timeout", "settimeout", "--client", "cpp"], 2),
        (["recvfrom", "--handler", "plain", "--signal", "SIGSTOP"], 2),
        (["clock_nanosleep", "--python", "2.7"], 1),
        (["semop", "--python", "3.13"], 1),
        (["time.sleep", "--python", "3.13", "--timeout", "socket"], 1),
        (["recvfrom", "--python", "2.7", "--handler", "none", "--signal", "SIGFOO"], 2),
    ],
)
def test_questions_that_make_no_sense(words: list[str], status: int) -> None:
    done = eintr_trace("explain", *words)
    assert done.returncode == status
    assert refused(done)


def test_json_holds_what_text_says() -> None:
    (part,) = json.loads(explained("EINTR", "--format", "json"))["parts"]
    assert part["kind"] == "entry"
    assert part["name"] == "EINTR"
    assert part["see_it"].startswith("python3 -c '")
    words = ["recvfrom", "--python", "2.7", "--handler", "plain", "--format", "json"]
    (answer,) = json.loads(explained(*words))["parts"]
    assert answer["outcomes"] == ["raised"]
    assert answer["restart_codes"] == ["ERESTARTSYS"]


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["4", "zork"],
        ["--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER} ---"],
        ["read"],
        ["read", "--python", "3.13", "--thread", "worker"],
        ["read", "--python", "2.7", "--handler", "ignored"],
        ["read", "--timeout", "none"],
        ["sendto", "--client", "cpp"],
    ],
    ids=" ".join,
)
def test_json_is_as_its_schema_says(words: list[str]) -> None:
    # The harness validates it.
    assert eintr_trace("explain", *words, "--format", "json").stdout


def test_markdown_keeps_commands_whole() -> None:
    text = explained("EINTR", "--format", "markdown")
    (entry,) = (one for one in all_entries() if one.name == "EINTR")
    assert f"```text\n{entry.see_it}\n```\n" in text


@pytest.mark.parametrize("width", [40, 80, 120])
def test_text_keeps_to_the_width(width: int) -> None:
    for entry in all_entries():
        command = set(entry.see_it.splitlines())
        table = 0 if entry.table is None else 101
        for line in glossary_text([WholeEntry(entry)], Layout(width, colour=False)).splitlines():
            assert columns(line) <= max(width, table) or line in command, entry.name


def test_no_colour_where_none_is_wanted() -> None:
    forced = {"CLICOLOR_FORCE": "1", "NO_COLOR": ""}
    assert "\x1b[" in eintr_trace("explain", "EINTR", environment=forced).stdout
    refused_colour = forced | {"NO_COLOR": "1"}
    assert "\x1b[" not in eintr_trace("explain", "EINTR", environment=refused_colour).stdout


def test_it_is_quick() -> None:
    def processor_time_s(code: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # What Python itself takes to start varies more than what is ours.
    bare = min(processor_time_s("") for _ in range(5))
    code = "from eintr_trace.commands.main import main; main(['explain', 'EINTR'])"
    assert min(processor_time_s(code) for _ in range(5)) - bare < LIMIT_S


@settings(deadline=None)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=3))
def test_any_words_are_explained_or_refused(words: list[str]) -> None:
    for one in explain(words):
        if isinstance(one, UnknownWordError):
            assert str(one)
            continue
        assert isinstance(one, Explained)
        parts = [ShortEntry(entry) for entry in one.entries]
        assert "\x1b" not in glossary_text(parts, Layout(80, colour=False))


LINES = st.builds(
    "{} = {}".format,
    st.sampled_from(["read(3, ", "rt_sigreturn({mask=[]})", "restart_syscall(<... x ...>)"]),
    st.sampled_from(["? ERESTARTSYS (x)", "-1 EINTR", "0", "?", "", "99999999999999999999"]),
) | st.sampled_from(
    [
        "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=7, si_uid=0} ---",
        "--- stopped by SIGTSTP ---",
        "+++ killed by SIGTERM +++",
        "+++ exited with 3 +++",
        "[pid  7] 12:00:00 <... poll resumed>) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)",
    ]
)


@settings(deadline=None)
@given(LINES, st.text(max_size=5))
def test_any_line_is_explained_or_refused(line: str, more: str) -> None:
    assert list(explain([line + more]))
