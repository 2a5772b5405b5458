"""What the sentences about who got EINTR rest on: the C stack, and the table of libraries."""

from __future__ import annotations

from itertools import groupby

from eintr_trace.analysis.c_side import Libraries
from eintr_trace.analysis.c_stacks import inside_the_loop
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.foreign_rules import is_without_eintr
from eintr_trace.analysis.receiver import Reception, reception
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.c_functions import plain_name
from eintr_trace.facts.libraries import LibraryFact, LibraryOnEintr, library_fact
from eintr_trace.facts.pep475 import parse_version
from eintr_trace.facts.thrift import OnEintr, thrift_cpp_fact
from eintr_trace.model.c_stack import CFrame, CStack, StackEnd
from eintr_trace.model.episodes import Evidence, EvidenceKind, KernelAction
from eintr_trace.model.stack_events import LibrarySeen

_FRAMES_SHOWN = 12

END_TEXTS = {
    StackEnd.OUTERMOST: "it ends with the thread's first function",
    StackEnd.COPY_ENDED: "of the stack no more was copied",
    StackEnd.NO_UNWIND_ENTRY: "it ends in code that no unwind information covers",
    StackEnd.NOT_MAPPED: "its last return address lies in no file",
    StackEnd.FILE_UNUSABLE: "it ends in a file that cannot be read",
    StackEnd.REGISTER_UNKNOWN: "its next frame lies by a register that was not copied",
    StackEnd.TOO_DEEP: "it is too deep to be followed further",
    StackEnd.IMPLAUSIBLE: "its next frame makes no sense",
}


def c_stack(trail: Trail, finding: Finding) -> Evidence | None:
    """The C stack at the interruption, where the call was given up with EINTR."""
    stack = trail.c_side.interrupted
    if stack is None or not stack.frames or finding.kernel.action is not KernelAction.EINTR:
        return None
    names = stack_text(stack, trail.c_side.libraries)
    if trail.log is not None:
        return Evidence(EvidenceKind.LOG_LINE, f"the C stack below the call's line: {names}")
    text = f"the C stack at the interruption, unwound: {names}"
    return Evidence(EvidenceKind.MEMORY, text, trail.interruption.time_ns)


def stack_text(stack: CStack, libraries: Libraries) -> str:
    """Say ``poll (libc.so.6) < pqSocketPoll < pqWait (libpq.so.5.17)``, innermost first.

    Out to the evaluation loop; code without a symbol by where it is in its file.
    """
    inside = len(inside_the_loop(stack.frames))
    shown = stack.frames[: min(inside + 1, _FRAMES_SHOWN)]
    parts = [
        f"{' < '.join(_function(frame) for frame in frames)} ({_name(file, libraries)})"
        for file, frames in groupby(shown, key=lambda frame: frame.file)
    ]
    if len(shown) < len(stack.frames):
        parts.append("…")
    elif stack.end is not StackEnd.OUTERMOST:
        parts.append(f"… ({END_TEXTS[stack.end]})")
    return " < ".join(parts)


def library_fact_exhibit(trail: Trail, finding: Finding) -> Evidence | None:
    """What is known of the code that got EINTR."""
    if finding.kernel.action is not KernelAction.EINTR:
        return None
    got_it = reception(trail)
    fact = None if got_it is None else fact_about(got_it)
    if fact is None:
        return None
    return Evidence(EvidenceKind.RULE, f"table of libraries: {fact.text} ({fact.citation})")


def foreign_exception(_: Trail, finding: Finding) -> Evidence | None:
    """Why an exception that does not hold EINTR is taken to come of it."""
    if not is_without_eintr(finding):
        return None
    text = (
        "the exception came out of the interrupted call, whose C code got EINTR and did not"
        " call again; it is not the signal handler's"
    )
    return Evidence(EvidenceKind.RULE, text)


def fact_about(got_it: Reception) -> LibraryFact | None:
    """Give what is known of the code that got EINTR, by its file and functions."""
    if got_it.library is None:
        return None
    for function in got_it.functions:
        thrift = thrift_cpp_fact(function)
        if thrift is not None:
            again = thrift.on_eintr is OnEintr.RETRIES_SOME_TIMES
            return LibraryFact(
                thrift.library,
                got_it.library.file,
                function,
                LibraryOnEintr.CALLS_AGAIN if again else LibraryOnEintr.GIVES_UP,
                thrift.text,
                thrift.citation,
            )
    return library_fact(got_it.library.file, got_it.functions)


def is_too_old(got_it: Reception, fact: LibraryFact) -> bool:
    """Tell whether the package is older than the release that calls again."""
    package = got_it.receiver.package
    if fact.calls_again_since is None or package is None or package.version is None:
        return False
    return parse_version(package.version) < parse_version(fact.calls_again_since)


def file_name(library: LibrarySeen) -> str:
    """Give ``libpq.so.5.17`` for its path."""
    return library.file.rpartition("/")[2] + (" (deleted)" if library.deleted else "")


def _function(frame: CFrame) -> str:
    if frame.function is not None:
        return plain_name(frame.function)
    return "?" if frame.offset is None else f"+{frame.offset:#x}"


def _name(file: str | None, libraries: Libraries) -> str:
    if file is None:
        return "no file"
    library = libraries.get(file)
    return file.rpartition("/")[2] if library is None else file_name(library)
