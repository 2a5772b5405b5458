from __future__ import annotations

import pytest

from eintr_trace.facts.restart_codes import (
    RESTART_RULES,
    AfterSignal,
    RestartCode,
    honours_sa_restart,
    restart_code,
    restart_code_name,
)


def test_every_code_has_a_rule_with_a_source() -> None:
    assert set(RESTART_RULES) == set(RestartCode)
    assert all(rule.citation and rule.meaning for rule in RESTART_RULES.values())


@pytest.mark.parametrize(
    ("retval", "name"),
    [
        (-4, "EINTR"),
        (-512, "ERESTARTSYS"),
        (-513, "ERESTARTNOINTR"),
        (-514, "ERESTARTNOHAND"),
        (-516, "ERESTART_RESTARTBLOCK"),
        (-515, None),  # ENOIOCTLCMD
        (-11, None),
        (0, None),
        (4, None),
        (512, None),
    ],
)
def test_names_of_raw_return_values(retval: int, name: str | None) -> None:
    assert restart_code_name(retval) == name
    code = restart_code(retval)
    assert (None if code is None else code.name) == name


def test_only_erestartsys_is_for_sa_restart_to_decide() -> None:
    assert [code for code in RestartCode if honours_sa_restart(code)] == [RestartCode.ERESTARTSYS]


def test_a_plain_eintr_reaches_the_program_without_a_handler_too() -> None:
    to_the_program = [
        code for code, rule in RESTART_RULES.items() if rule.no_handler is AfterSignal.EINTR
    ]
    assert to_the_program == [RestartCode.EINTR]
