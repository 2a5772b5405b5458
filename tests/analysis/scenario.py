"""Scenarios for the analysis, written in YAML: events in short notation, verdicts expected.

A file has ``name``, ``python`` (a version, ``PyPy VERSION``, or null for another process),
``frames``, ``handler``, ``exceptions``, ``events``, ``expect`` and ``near_misses``. Frames and
exceptions are defined once and referred to by name; in a stack (innermost first) ``main@40`` is
the frame ``main`` at instruction 40 and ``read*`` is another frame running the code of ``read``.
An event may be marked ``as: NAME``; a near miss repeats the scenario ``without`` some marked
events, or with others ``instead``, or with other ``events`` altogether, perhaps under another
``python``, and says what must come out then. Time passes by 1 ms an event, or to the event's
``at_ms``.

C stacks, innermost first: a ``deliver``, ``stopped``, ``trapped`` or ``enter`` may have
``c_stack``, a ``sample`` has one. ``recv libc`` is the function ``recv`` of the file ``libc`` (of
``files``, each with its ``role`` and what else ``LibrarySeen`` says; without a file it is
``python``, the interpreter's), ``? libpq`` code without a symbol, ``sock_recv+8`` at another
instruction. Frames equally far from the outermost have one CFA, but for ``sock_recv*``, which is
another frame. ``c_end`` says why the stack goes no further out (``outermost``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from eintr_trace.model.c_stack import (
    PathEnd,
)
from eintr_trace.model.delivery import HandlerWatch, MergedSignals
from eintr_trace.model.events import (
    ConnectionSeen,
    ContinueTrapped,
    DeliveryPassed,
    Disposition,
    EndReason,
    Event,
    EventsLost,
    FollowEnded,
    GroupStopped,
    HandlerReturned,
    HandlerReturning,
    InterruptedCall,
    ProcessExeced,
    ProcessExited,
    ProcessSeen,
    PythonHandlerBegan,
    PythonHandlerDue,
    Reduction,
    SignalDelivered,
    SignalInfo,
    SyscallEntered,
    SyscallExited,
    ThreadExited,
    ThreadOrigin,
    TraceEnded,
    WentQuiet,
)
from eintr_trace.model.python_state import (
    Callee,
    CalleeKind,
    CodeLocation,
    ExceptionOrigin,
    HandlerEnd,
    HandlerKind,
    PythonException,
    PythonFrame,
    PythonHandler,
    PythonSnapshot,
    RaiseUse,
    TracebackEntry,
)
from eintr_trace.model.stack_events import (
    DecisionUnwatched,
    NotReturned,
    PathSeen,
    StackMoment,
    StackSeen,
)
from tests.analysis.notation import (
    MS,
    NUMBERS,
    TGID,
    Mapping,
    c_stack,
    call,
    described,
    identity,
    interpreter_called,
    library,
    path_step,
)

FIXTURES = Path(__file__).parent / "fixtures"
IP = 0x401002
SIGNALS = {"SIGUSR1": 10, "SIGUSR2": 12, "SIGINT": 2, "SIGTERM": 15, "SIGWINCH": 28}
SIGNALS |= {"SIGCHLD": 17, "SIGURG": 23, "SIGCONT": 18, "SIGSTOP": 19, "SIGALRM": 14}


@dataclass(frozen=True)
class Scenario:
    """One scenario ready to be judged; ``expect`` has one mapping an episode, by id."""

    name: str
    events: tuple[Event, ...]
    expect: tuple[Mapping, ...]


def all_scenarios() -> list[Scenario]:
    """Read every fixture, near misses included."""
    found = []
    for path in sorted(FIXTURES.glob("*.yaml")):
        for document in yaml.safe_load_all(path.read_text("utf-8")):
            found += list(_scenarios(document))
    return found


def _scenarios(document: Mapping) -> Iterator[Scenario]:
    yield _scenario(document, document["name"])
    for miss in document.get("near_misses", ()):
        events = [
            miss.get("instead", {}).get(event.get("as"), event)
            for event in miss.get("events", document["events"])
            if event.get("as") not in miss.get("without", ())
        ]
        changed = document | miss | {"events": events + miss.get("then", [])}
        yield _scenario(changed, f"{document['name']} | but {miss['name']}")


def _scenario(document: Mapping, name: str) -> Scenario:
    expect = document["expect"]
    builder = Builder(document)
    return Scenario(
        name=name,
        events=tuple(builder.events()),
        expect=tuple(expect if isinstance(expect, list) else [expect]),
    )


class Builder:
    """Turns the short notation of one scenario into events."""

    def __init__(self, document: Mapping) -> None:
        self.document = document
        self.frames: Mapping = document.get("frames", {})
        self.exceptions: Mapping = document.get("exceptions", {})
        self.time_ns = 0

    def events(self) -> Iterator[Event]:
        version = self.document.get("python")
        interpreter = None if version is None else interpreter_called(str(version))
        readable = interpreter is not None and interpreter.offsets_from is not None
        problem = None if readable else "only CPython's memory can be read"
        yield ProcessSeen(
            0, TGID, 0, ("client",), "/usr/bin/x", ThreadOrigin.SEIZED, interpreter, problem
        )
        for name, about in self.document.get("files", {}).items():
            yield library(name, about)
        for event in self.document["events"]:
            yield from self.event(event)

    def event(self, event: Mapping) -> Iterator[Event]:
        """Give an event, and before or after it the C stack that was copied with it."""
        self.time_ns += MS
        if "at_ms" in event:
            self.time_ns = event["at_ms"] * MS
        kind = next(key for key in event if key not in {"as", "at_ms", "tid", "tgid"})
        tgid: int = event.get("tgid", TGID)
        tid: int = event.get("tid", tgid)
        where = (self.time_ns, tgid, tid)
        about = event[kind] or {}
        has_stack = "c_stack" in about and kind != "sample"
        if has_stack and kind == "enter":
            yield StackSeen(*where, StackMoment.ENTERING, c_stack(about))
        yield getattr(self, f"_{kind}")(where, about)
        if has_stack and kind != "enter":
            yield StackSeen(*where, StackMoment.INTERRUPTED, c_stack(about))

    def _sample(self, where: tuple[int, int, int], about: Mapping) -> Event:
        probe = about.get("hit", "Handlers[].tripped")
        return StackSeen(*where, StackMoment.PROBE, c_stack(about), probe, about.get("retval"))

    def _not_returned(self, where: tuple[int, int, int], about: Mapping) -> Event:
        """Read the frames from the last that the loop called out to the loop itself."""
        *_, called, loop = c_stack({"c_stack": about["beneath"]}).frames
        assert called.cfa is not None
        return NotReturned(*where, loop.address, called.cfa)

    def _unwatched(self, where: tuple[int, int, int], about: Mapping) -> Event:
        return DecisionUnwatched(*where, Reduction(about["reason"]))

    def _path(self, where: tuple[int, int, int], about: Mapping) -> Event:
        """Read ``{steps: [recv libc, sock_recv+0, take_gil+0 x200], end: decision}``.

        ``+0`` is a function's entry; there are 10 instructions each, or as many as it says.
        """
        steps = tuple(path_step(short) for short in about["steps"])
        return PathSeen(*where, steps, PathEnd(about["end"]), about.get("took_ms", 3) * MS)

    def _deliver(self, where: tuple[int, int, int], about: Mapping) -> Event:
        name = about.get("signal", "SIGUSR1")
        return SignalDelivered(
            *where,
            signal=SignalInfo(SIGNALS[name], name, "SI_USER", 4711, 0, "bash"),
            disposition=Disposition(about.get("disposition", "caught")),
            call=self._interrupted(about),
            before_user_mode=about.get("before_user_mode", False),
            python=self._snapshot(about),
            rerouted_from=about.get("rerouted_from"),
            handler_watch=self._watch(about),
            merged=MergedSignals(**about["merged"]) if "merged" in about else None,
            pending_again=about.get("pending_again"),
            held_ns=about["held_us"] * 1000 if "held_us" in about else None,
        )

    @staticmethod
    def _watch(about: Mapping) -> HandlerWatch | None:
        """Read ``watched: futex``, what the main thread was in; null if it is this thread."""
        return HandlerWatch(TGID, about["watched"]) if "watched" in about else None

    def _handler_began(self, where: tuple[int, int, int], about: Mapping) -> Event:
        name = about.get("signal", "SIGUSR1")
        return PythonHandlerBegan(*where, SIGNALS[name], name)

    def _handler_due(self, where: tuple[int, int, int], about: Mapping) -> Event:
        name = about.get("signal", "SIGUSR1")
        return PythonHandlerDue(*where, SIGNALS[name], name, about["tripped"])

    def _stopped(self, where: tuple[int, int, int], about: Mapping) -> Event:
        return GroupStopped(*where, 19, "SIGSTOP", self._interrupted(about))

    def _trapped(self, where: tuple[int, int, int], about: Mapping) -> Event:
        was_stopped = about.get("was_stopped", False)
        return ContinueTrapped(*where, self._interrupted(about), was_stopped, self._snapshot(about))

    def _returning(self, where: tuple[int, int, int], about: Mapping) -> Event:
        if "restart" in about:
            saved, ip = NUMBERS[about["restart"]], IP - 2
        else:
            saved, ip = about.get("saved", -4), IP
        return HandlerReturning(*where, saved, ip, self._snapshot(about))

    def _returned(self, where: tuple[int, int, int], about: Mapping) -> Event:
        return HandlerReturned(*where, about.get("retval", -4))

    def _enter(self, where: tuple[int, int, int], about: Mapping) -> Event:
        syscall = call(about["call"], about)
        return SyscallEntered(*where, syscall, IP, 0x7000, self._snapshot(about))

    def _exit(self, where: tuple[int, int, int], about: Mapping) -> Event:
        name = about["call"]
        return SyscallExited(*where, name, NUMBERS[name], about["retval"])

    def _quiet(self, where: tuple[int, int, int], about: Mapping) -> Event:
        return WentQuiet(*where, 100 * MS, self._snapshot(about), about.get("blocked_in"))

    def _connection(self, where: tuple[int, int, int], about: Mapping) -> Event:
        return ConnectionSeen(*where, described(about["fd"], about))

    def _follow_ended(self, where: tuple[int, int, int], about: Mapping) -> Event:
        return FollowEnded(*where, about.get("reason", "decided"))

    def _lost(self, where: tuple[int, int, int], about: Mapping) -> Event:
        return EventsLost(where[0], 0, 0, about["count"])

    def _passed(self, where: tuple[int, int, int], about: Mapping) -> Event:
        name = about.get("signal", "SIGALRM")
        return DeliveryPassed(*where, SIGNALS[name], name, about["count"], where[0])

    def _execed(self, where: tuple[int, int, int], _: Mapping) -> Event:
        return ProcessExeced(*where, where[2])

    def _thread_exited(self, where: tuple[int, int, int], _: Mapping) -> Event:
        return ThreadExited(*where)

    def _process_exited(self, where: tuple[int, int, int], about: Mapping) -> Event:
        name = about.get("signal")
        signo = None if name is None else SIGNALS[name]
        return ProcessExited(where[0], where[1], 0, about.get("status"), signo, name)

    def _trace_ended(self, where: tuple[int, int, int], about: Mapping) -> Event:
        passed, lost = about.get("passed", 0), about.get("lost", 0)
        return TraceEnded(where[0], 0, 0, EndReason.DETACHED, 1, passed, lost)

    def _interrupted(self, about: Mapping) -> InterruptedCall | None:
        if "call" not in about:
            return None
        return InterruptedCall(call(about["call"], about), about.get("retval", -512), IP, 0x7000)

    def _snapshot(self, about: Mapping) -> PythonSnapshot | None:
        if "stack" not in about:
            return None
        return PythonSnapshot(
            frames=tuple(
                self._frame(name, None if index else about.get("variables"))
                for index, name in enumerate(about["stack"])
            ),
            exceptions=tuple(self._chain(about)),
            handler=self._handler(about),
            is_python_main_thread=about.get("main_thread", True),
            problem=about.get("problem"),
        )

    def _frame(self, short: str, variables: int | None) -> PythonFrame:
        name, _, offset = short.partition("@")
        code = name.rstrip("*")
        row = self._code_row(code)
        return PythonFrame(
            location=CodeLocation(row["function"], row["file"], row["line"]),
            address=identity(name),
            code_address=identity(f"code of {code}"),
            instruction_offset=int(offset) if offset else row.get("at", 10),
            calls=None if offset else row.get("calls"),
            callee=None if offset else _callee(row.get("callee")),
            variables=variables,
        )

    def _code_row(self, code: str) -> Mapping:
        row: Mapping = self.document["handler"] if code == "handler" else self.frames[code]
        return row

    def _handler(self, about: Mapping) -> PythonHandler | None:
        row, tripped = self.document.get("handler"), about.get("tripped")
        if row is None:
            return None
        kind = HandlerKind(row.get("kind", "function"))
        if "built_in" in row:
            location = CodeLocation(row["built_in"], "<built-in>", None)
            return PythonHandler(10, kind, location, None, tripped)
        if "function" not in row:
            return PythonHandler(10, kind, None, None, tripped)
        location = CodeLocation(row["function"], row["file"], row["line"])
        raises = RaiseUse(row["raises"]) if "raises" in row else None
        ended = HandlerEnd(about["ended"]) if "ended" in about else None
        address = identity("code of handler")
        return PythonHandler(10, kind, location, address, tripped, raises, ended)

    def _chain(self, about: Mapping) -> Iterator[PythonException]:
        origins = {
            "handled": ExceptionOrigin.HANDLED,
            "pending": ExceptionOrigin.PENDING,
            "last": ExceptionOrigin.LAST,
        }
        for key, origin in origins.items():
            names = about.get(key, [])
            for index, name in enumerate(names):
                is_last = index == len(names) - 1
                yield self._exception(name, origin if is_last else None)

    def _exception(self, name: str, origin: ExceptionOrigin | None) -> PythonException:
        row = self.exceptions[name]
        return PythonException(
            type_name=row["type"],
            errno=row.get("errno"),
            message=row.get("message"),
            origin=origin or ExceptionOrigin(row.get("origin", "attribute")),
            address=identity(f"exception {name}"),
            traceback=tuple(self._entry(short) for short in row.get("traceback", ())),
            attribute=row.get("attribute"),
        )

    def _entry(self, short: str) -> TracebackEntry:
        """Read ``main:57``: the frame and the line of its ``except``."""
        name, _, line = short.partition(":")
        code = name.rstrip("*")
        row = self._code_row(code)
        return TracebackEntry(
            CodeLocation(row["function"], row["file"], row["line"]),
            frame_address=identity(name),
            instruction_offset=row.get("at", 10),
            except_line=int(line) if line else None,
            code_address=identity(f"code of {code}"),
        )


def _callee(short: str | None) -> Callee | None:
    """Read ``posix.read``, or ``ctypes`` or ``other`` for what has no name."""
    if short is None:
        return None
    if "." in short:
        return Callee(CalleeKind.C_FUNCTION, short)
    return Callee(CalleeKind(short), None)
