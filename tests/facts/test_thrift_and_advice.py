from __future__ import annotations

import pytest

from eintr_trace.facts.advice import REMEDIES, RemedyId, sa_restart_remedy
from eintr_trace.facts.restart_codes import RestartCode
from eintr_trace.facts.thrift import THRIFT_FACTS, OnEintr, thrift_facts_for

TSOCKET = "/srv/app/lib/python2.7/site-packages/thrift/transport/TSocket.py"


def test_every_thrift_fact_is_cited() -> None:
    assert all(fact.text and fact.citation for fact in THRIFT_FACTS)


def test_tsocket_read_from_the_oldest_release_to_the_newest() -> None:
    facts = thrift_facts_for(TSOCKET, "TSocket.read")
    assert [fact.on_eintr for fact in facts] == [
        OnEintr.PASSES_ON,
        OnEintr.PASSES_ON,
        OnEintr.WRAPS,
        OnEintr.WRAPS,
    ]
    assert thrift_facts_for(TSOCKET, "read") == facts


def test_read_all_forgets_what_it_had_read() -> None:
    (fact,) = thrift_facts_for("thrift/transport/TTransport.py", "readAll")
    assert fact.on_eintr is OnEintr.LOSES_DATA
    assert fact.retry_is_safe is False


@pytest.mark.parametrize(
    ("file", "function"),
    [
        ("/srv/app/client.py", "read"),
        (TSOCKET, "close"),
        ("/srv/notthrift/transport/TSocket.py", "read"),
    ],
)
def test_other_code_has_no_facts(file: str, function: str) -> None:
    assert thrift_facts_for(file, function) == ()


def test_every_remedy_is_there_once_and_cited() -> None:
    assert set(REMEDIES) == set(RemedyId)
    for remedy in REMEDIES.values():
        assert remedy.applies
        assert remedy.citation
        assert remedy.text.endswith(".")


@pytest.mark.parametrize("code", RestartCode)
def test_siginterrupt_is_advised_only_where_it_helps(code: RestartCode) -> None:
    helps = code is RestartCode.ERESTARTSYS
    expected = RemedyId.RESTART_IN_KERNEL if helps else RemedyId.RESTART_CANNOT_HELP
    assert sa_restart_remedy(code).id is expected
