"""A recording read while it is being written: how many signals a program got so far."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

_BEGINNINGS = (b'{"event":"signal",', b'{"event":"passed",')


class RecordingTail:
    """Counts the deliveries in a recording that grows, read or passed on unread."""

    def __init__(self, recording: Path) -> None:
        self._recording = recording
        self._read_bytes = 0
        self._counts: Counter[tuple[int, int]] = Counter()

    def deliveries(self, pid: int, signo: int) -> int:
        """How many deliveries of ``signo`` to process ``pid`` are recorded by now."""
        with self._recording.open("rb") as stream:
            stream.seek(self._read_bytes)
            grown = stream.read()
        whole = grown[: grown.rfind(b"\n") + 1]
        self._read_bytes += len(whole)
        for line in whole.splitlines():
            if line.startswith(_BEGINNINGS):
                self._count(json.loads(line))
        return self._counts[pid, signo]

    def _count(self, event: dict[str, object]) -> None:
        match event:
            case {"tgid": int(pid), "signal": {"signo": int(signo)}}:
                self._counts[pid, signo] += 1
            case {"tgid": int(pid), "signo": int(signo), "count": int(count)}:
                self._counts[pid, signo] += count
