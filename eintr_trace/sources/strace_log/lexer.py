"""One line of an strace log, read: what stands before it, and what it is.

The forms are those of strace 4.5 to 7.2; functions are named with the file of strace 7.2
that prints them. Every pattern is linear in the length of the line.
"""

from __future__ import annotations

import re
from typing import Final

from eintr_trace.facts.restart_codes import restart_code
from eintr_trace.facts.signals import signal_number
from eintr_trace.sources.strace_log.arguments import arguments_end
from eintr_trace.sources.strace_log.lines import (
    NO_PREFIX,
    AttachedLine,
    CallLine,
    CallPart,
    EndedLine,
    Line,
    NoticeLine,
    Prefix,
    Result,
    SignalLine,
    StackLine,
    Stamp,
    StoppedLine,
    SupersededLine,
)

MAX_LINE_CHARACTERS: Final = 1 << 20
"""No line of strace is so long, but with ``-s`` of a million."""

_NS_PER_S: Final = 1_000_000_000
# Linux gives no pid above this (proc(5), pid_max); a number above it is seconds of the epoch.
_MAX_PID: Final = 1 << 22

# strace.c printleader(): the thread, the security context, the time, -n's and -i's columns.
_PID = re.compile(r"\[pid +(\d{1,10})(?:<[^>]*>)?\] |(\d{1,10})(?:<[^>]*> +| +)(?=[^\s=])")
_CONTEXT = re.compile(r"\[[^\]:\s]{1,99}:[^\]\s]{1,399}\] ")
_CLOCK = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))? ")
_SECONDS = re.compile(r"(\d{1,12})(?:\.(\d{1,9}))? ")
_SINCE_LAST = re.compile(r"(?:\(\+)? *(\d{1,12})(?:\.(\d{1,9}))?\)? ")
_NUMBER = re.compile(r"\[ *(?:(\d{1,9})|0x([0-9a-f]{1,16}))\] ")
_POINTER = re.compile(r"\[([0-9a-f]{8,16}|\?{8,16})\] ")

# syscall.c: names are those of syscallent.h, or syscall_N for a number without one.
_CALL = re.compile(r"([a-z_][a-zA-Z0-9_]*)\(")
_RESUMED = re.compile(r"<\.\.\. ([a-z_][a-zA-Z0-9_]*) resumed>,? ?")
_UNFINISHED: Final = "<unfinished ...>"
# 4.5: `<unfinished ... exit status 0>`; up to 5.x a failed ptrace(2) within the line.
_ABANDONED = re.compile(
    r" <(?:(?:detached|pid changed to \d{1,10}) \.\.\.|unfinished \.\.\. exit status \d{1,10}"
    r"|ptrace\([^<>]{1,40}\):[^<>]{1,80})>$"
)
_RESULT = re.compile(
    r"\)? *= (\?|-?\d{1,20}|-?0x[0-9a-f]{1,16})(?=[\s</]|$)(?: ([A-Z][A-Z0-9_]*))?"
)
_NUMBERED = re.compile(r" \(errno (\d{1,4})\)")
_SPENT = re.compile(r" <(\d{1,10})(?:\.(\d{1,9}))?>$")
_INJECTED = re.compile(r" \(INJECTED[^)]*\)")

# strace.c print_stopped(), print_exited(), print_signalled(), maybe_switch_tcbs(). A delivery was
# `--- SIGUSR1 (User defined signal 1) @ 0 (0) ---` in 4.5, `--- {si_signo=SIGUSR1, …} (User
# defined signal 1) ---` in 4.6, and a stop `--- Stopped (signal) by SIGSTOP ---`.
_SIGNAL_OF_4_6 = re.compile(r"--- \{(si_signo=(\w{1,16}).*)\} \([^()]*(?:\(\w*\))?\) *--- *$")
_STOPPED_OF_4_6 = re.compile(r"--- [\w ()]{1,40} by (SIG\w{1,12}) *---$")
_SIGNAL = re.compile(r"--- ((?:SIG)?[A-Z0-9_]{1,12}) (?:[{(](.*)|)--- *$")
_STOPPED = re.compile(r"--- stopped by (\w{1,16}) ---$")
_EXITED = re.compile(r"\+\+\+ exited with (\d{1,10}) \+\+\+$")
_KILLED = re.compile(r"\+\+\+ killed by (\w{1,16}) (?:\(core dumped\) )?\+\+\+$")
_SUPERSEDED = re.compile(r"\+\+\+ superseded by execve in pid (\d{1,10}) \+\+\+$")
_FIELD = re.compile(r"(si_\w{1,24})=([^,{}]*)")
_COMMENTED = re.compile(r"[^/]*/\* (\w+)")  # -X verbose: 14 /* SIGALRM */

# unwind.c: the formats STACK_ENTRY_SYMBOL_FMT and its kin
_FRAME = re.compile(r" > ([^(]*)\((.*)\) \[0x([0-9a-f]{1,16})\]")
_IN_FUNCTION = re.compile(r"(.+)\+0x([0-9a-f]{1,16})$")
_ATTACHED = re.compile(r"(?:strace: )?Process (\d{1,10}) attached(?: with (\d{1,7}) threads)?")
_MODE = re.compile(r"(?:strace: )?\[ Process PID=\d{1,10} runs in .* mode\. \]")
_NOTICES = (
    re.compile(r"strace: "),
    re.compile(r"Process \d{1,10} (?:attached|detached|suspended|resumed)"),
    re.compile(r"% time +seconds|[- ]{40,}$|System call usage summary"),  # -c, -C: count.c
    re.compile(r" *\d{1,3}\.\d\d +\d{1,9}\.\d{6} "),
    re.compile(r" \| [0-9a-f]{5,8} "),  # -e read=, -e write=: util.c dumpstr()
    re.compile(r" \* \d+ (?:bytes|vectors|buffers)"),
)
_STACK_NOTE: Final = " > "


def read_line(text: str) -> Line | None:
    """Read a line, without its newline; ``None`` if it is none of strace's."""
    if not text or len(text) > MAX_LINE_CHARACTERS:
        return None
    if text[0] == " " and (unprefixed := _stack_line(text)) is not None:
        return unprefixed
    prefix, at = read_prefix(text)
    return _body(prefix, text, at) or _notice(text)


def is_call_with_result(text: str) -> bool:
    """Tell whether a line is a call's that came back, or its second half."""
    read = read_line(text)
    return isinstance(read, CallLine) and read.part in {CallPart.WHOLE, CallPart.REST}


def read_prefix(text: str) -> tuple[Prefix, int]:
    """Read what stands before the line's own text; say where that begins."""
    pid, at = _read_pid(text)
    if (context := _CONTEXT.match(text, at)) is not None:
        at = context.end()
    stamp, time_ns, at = _read_time(text, at)
    nr = ip = None
    if text.startswith("[", at):
        if (number := _NUMBER.match(text, at)) is not None:
            nr = int(number[2], 16) if number[1] is None else int(number[1])
            at = number.end()
        if (pointer := _POINTER.match(text, at)) is not None:
            ip = None if pointer[1][0] == "?" else int(pointer[1], 16)
            at = pointer.end()
    if at == 0:
        return NO_PREFIX, 0
    return Prefix(pid, stamp, time_ns, ip, nr), at


def _read_pid(text: str) -> tuple[int | None, int]:
    found = _PID.match(text)
    if found is None:
        return None, 0
    pid = int(found[1] or found[2])
    return (None, 0) if pid > _MAX_PID else (pid, found.end())


def _read_time(text: str, at: int) -> tuple[Stamp | None, int, int]:
    stamp, time_ns = None, 0
    if (clock := _CLOCK.match(text, at)) is not None:
        hours, minutes, seconds = int(clock[1]), int(clock[2]), int(clock[3])
        stamp = Stamp.TIME_OF_DAY
        time_ns = ((hours * 60 + minutes) * 60 + seconds) * _NS_PER_S + _fraction_ns(clock[4])
        at = clock.end()
    elif (since := _SECONDS.match(text, at)) is not None and int(since[1]) > _MAX_PID:
        stamp, time_ns = Stamp.EPOCH, int(since[1]) * _NS_PER_S + _fraction_ns(since[2])
        at = since.end()
    # -r beside another time stands in parentheses and says nothing more.
    if stamp is None or text.startswith("(+", at):
        last = _SINCE_LAST.match(text, at)
        if last is not None:
            at = last.end()
            if stamp is None:
                stamp = Stamp.SINCE_LAST_LINE
                time_ns = int(last[1]) * _NS_PER_S + _fraction_ns(last[2])
    return stamp, time_ns, at


def _fraction_ns(digits: str | None) -> int:
    return 0 if digits is None else int(digits.ljust(9, "0"))


def _body(prefix: Prefix, text: str, at: int) -> Line | None:
    match text[at : at + 3]:
        case "---":
            return _signal_line(prefix, text, at)
        case "+++":
            return _ended_line(prefix, text, at)
        case "<..":
            resumed = _RESUMED.match(text, at)
            return None if resumed is None else _rest(prefix, resumed[1], text, resumed.end())
    call = _CALL.match(text, at)
    if call is not None:
        return _call_line(prefix, call[1], text, call.end())
    cut_rest = _RESULT.match(text, at)
    if cut_rest is not None and text[at] in ")=":
        result, spent_ns = _read_result(cut_rest, text)
        return CallLine(prefix, CallPart.CUT_REST, "", "", result, spent_ns)
    return None


def _call_line(prefix: Prefix, name: str, text: str, at: int) -> CallLine:
    """Read a call from behind its opening parenthesis."""
    if text.endswith(_UNFINISHED):
        arguments = text[at : -len(_UNFINISHED)].rstrip()
        return CallLine(prefix, CallPart.BEGINNING, name, arguments)
    if (abandoned := _ABANDONED.search(text, at)) is not None:
        return CallLine(prefix, CallPart.ABANDONED, name, text[at : abandoned.start()])
    end = arguments_end(text, at)
    found = None if end is None else _RESULT.match(text, end)
    if end is None or found is None:
        return CallLine(prefix, CallPart.CUT_BEGINNING, name, text[at:])
    result, spent_ns = _read_result(found, text)
    return CallLine(prefix, CallPart.WHOLE, name, text[at:end], result, spent_ns)


def _rest(prefix: Prefix, name: str, text: str, at: int) -> CallLine:
    """Read a resumed call from behind ``resumed>``."""
    call = _call_line(prefix, name, text, at)
    match call.part:
        case CallPart.WHOLE:
            part = CallPart.REST
        case CallPart.CUT_BEGINNING:
            part = CallPart.ABANDONED  # the line was cut: the result is not known
        case _:
            part = call.part
    return CallLine(prefix, part, name, call.arguments, call.result, call.spent_ns)


def _read_result(found: re.Match[str], text: str) -> tuple[Result, int | None]:
    value = None if found[1] == "?" else _number(found[1])
    spent = _SPENT.search(text, max(found.end(1), len(text) - 24))
    spent_ns = None if spent is None else int(spent[1]) * _NS_PER_S + _fraction_ns(spent[2])
    injected = _INJECTED.search(text, found.end()) is not None
    return Result(value, found[2] or _unnamed_code(text, found.end()), injected), spent_ns


def _unnamed_code(text: str, at: int) -> str | None:
    """Name a restart code that is printed as a number (-e raw): ``-1 (errno 512)``."""
    found = _NUMBERED.match(text, at)
    code = None if found is None else restart_code(-int(found[1]))
    return None if code is None else code.name


def _number(digits: str) -> int:
    """Read a result: decimal, hexadecimal, or octal with a leading zero (umask)."""
    if "x" in digits:
        return int(digits, 16)
    if digits[0] == "0" and digits.strip("01234567") == "":
        return int(digits, 8)
    return int(digits)


def _signal_line(prefix: Prefix, text: str, at: int) -> Line | None:
    stopped = _STOPPED.match(text, at)
    if stopped is not None:
        signo = signal_number(stopped[1])
        return None if signo is None else StoppedLine(prefix, signo)
    stopped = _STOPPED_OF_4_6.match(text, at)
    if stopped is not None and (signo := signal_number(stopped[1])) is not None:
        return StoppedLine(prefix, signo)
    old = _SIGNAL_OF_4_6.match(text, at)
    if old is not None and (signo := signal_number(old[2])) is not None:
        return SignalLine(prefix, signo, siginfo_fields(old[1]))
    delivered = _SIGNAL.match(text, at)
    signo = None if delivered is None else signal_number(delivered[1])
    if delivered is None or signo is None:
        return None
    return SignalLine(prefix, signo, siginfo_fields(delivered[2] or ""))


def siginfo_fields(text: str) -> dict[str, str]:
    """Give the fields of a siginfo_t by their names; of ``-X verbose`` the symbolic values."""
    fields: dict[str, str] = {}
    for name, value in _FIELD.findall(text):
        commented = _COMMENTED.match(value)
        fields[name] = value.strip() if commented is None else commented[1]
    return fields


def _ended_line(prefix: Prefix, text: str, at: int) -> Line | None:
    if (exited := _EXITED.match(text, at)) is not None:
        return EndedLine(prefix, int(exited[1]), None)
    if (killed := _KILLED.match(text, at)) is not None:
        return EndedLine(prefix, None, signal_number(killed[1]))
    superseded = _SUPERSEDED.match(text, at)
    return None if superseded is None else SupersededLine(prefix, int(superseded[1]))


def _stack_line(text: str) -> Line | None:
    if not text.startswith(_STACK_NOTE):
        return None
    frame = _FRAME.match(text)
    if frame is None:
        return StackLine(None, None, None, None)
    within = _IN_FUNCTION.match(frame[2])
    function, offset = (None, None) if within is None else (within[1], int(within[2], 16))
    return StackLine(frame[1] or None, function, offset, int(frame[3], 16))


def _notice(text: str) -> Line | None:
    if (attached := _ATTACHED.match(text)) is not None:
        threads = None if attached[2] is None else int(attached[2])
        return AttachedLine(int(attached[1]), threads)
    if _MODE.match(text) is not None:
        return NoticeLine(other_abi=True)
    return NoticeLine() if any(notice.match(text) for notice in _NOTICES) else None
