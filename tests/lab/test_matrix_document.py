"""The page shows every cell, and says what is wrong with those that are not well."""

from __future__ import annotations

from dataclasses import replace

from eintr_trace.lab.dispositions import Disposition
from eintr_trace.lab.matrix.cells import CellResult, Status, Verdict
from eintr_trace.lab.matrix.document import MatrixPage, render
from eintr_trace.model.episodes import Outcome

RAISED = Verdict(
    signal="SIGUSR1",
    syscall="recvfrom",
    restart_code="ERESTARTSYS",
    kernel_action="eintr",
    outcome=Outcome.RAISED,
    confidence="observed",
    tracer_induced=None,
    allowed=(Outcome.RAISED,),
    because="",
)
RESUMED = replace(RAISED, outcome=Outcome.RESUMED_BY_INTERPRETER)
IGNORED = replace(RAISED, outcome=Outcome.RESTARTED_BY_KERNEL, tracer_induced="ignored")
UNKNOWN = replace(RAISED, outcome=Outcome.UNKNOWN)
BETWEEN = replace(RAISED, outcome=Outcome.NOT_BLOCKING)


def cell(
    version: str, disposition: Disposition, status: Status, *verdicts: Verdict, note: str = ""
) -> CellResult:
    notes = (note,) if note else ()
    return CellResult("recv", f"CPython {version}", disposition, status, notes, verdicts)


def page(*results: CellResult) -> str:
    return render(
        MatrixPage(
            results=results,
            scenarios=("recv",),
            interpreters=tuple(dict.fromkeys(result.interpreter for result in results)),
            dispositions=tuple(Disposition),
            not_started=(("python2.6 (pyenv)", "ended with | status 1"),),
            kernel="6.12",
            tool_version="1.0",
        )
    )


def test_the_plain_handler_is_shown_version_by_version() -> None:
    text = page(
        cell("2.7.18", Disposition.PLAIN, Status.AGREE, RAISED),
        cell("3.12.1", Disposition.PLAIN, Status.AGREE, RESUMED),
        cell("3.13.0", Disposition.PLAIN, Status.DISAGREE, RAISED, note="it did not raise"),
    )
    assert "| call | 2.7.18 | 3.12.1 | 3.13.0 |" in text
    assert "| recv | raised | resumed | raised ✗ |" in text
    assert "## Disagreements\n\n- recv (plain; 3.13.0): it did not raise" in text


def test_of_the_others_neighbours_that_are_alike_are_put_together() -> None:
    ignored = Disposition.SIG_IGN
    text = page(
        cell("2.7.18", ignored, Status.AGREE, RAISED),
        cell("3.12.1", ignored, Status.AGREE, IGNORED),
        cell("3.13.0", ignored, Status.AGREE, IGNORED),
    )
    assert "| recv | 2.7.18: raised, 3.12.1 to 3.13.0: restarted† |" in text


def test_a_signal_between_calls_says_nothing_about_the_call() -> None:
    text = page(cell("2.7.18", Disposition.TWO_AT_ONCE, Status.AGREE, RAISED, BETWEEN))
    assert "| recv | raised |" in text


def test_what_is_not_well_is_listed_with_its_reason() -> None:
    text = page(
        cell("2.7.18", Disposition.PLAIN, Status.UNKNOWN, UNKNOWN, note="not known: why"),
        cell("3.12.1", Disposition.PLAIN, Status.FAILED, note="it hung"),
        cell("3.13.0", Disposition.PLAIN, Status.NOT_APPLICABLE, note="too new"),
    )
    assert "| recv | unknown | failed | – |" in text
    assert "## Unknown\n\n- recv (plain; 2.7.18): not known: why" in text
    assert "## Failed\n\n- recv (plain; 3.12.1): it hung" in text
    assert "## Does not apply\n\n- recv (plain; 3.13.0): too new" in text


def test_an_interpreter_that_does_not_start_is_listed() -> None:
    text = page(cell("2.7.18", Disposition.PLAIN, Status.AGREE, RAISED))
    assert "| python2.6 (pyenv) | ended with \\| status 1 |" in text
    assert "| every verdict is what the program says | 1 |" in text


def test_of_another_implementation_the_kernels_half_is_shown() -> None:
    half = replace(UNKNOWN, kernels_half=True)
    text = page(cell("3.11.17", Disposition.PLAIN, Status.AGREE, half))
    assert "| recv | EINTR |" in text
    text = page(cell("3.11.17", Disposition.PLAIN, Status.UNKNOWN, UNKNOWN))
    assert "| recv | unknown |" in text
