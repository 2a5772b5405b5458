"""The run under Python 2.7 that ships with the package, for machines without 2.7.

``eintr-trace lab record-fixture`` makes it anew, on a machine that has 2.7.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.experiment import Experiment, ExperimentResult, run_experiment
from eintr_trace.lab.interpreters import find_interpreters
from eintr_trace.lab.program_commands import PROGRAMS
from eintr_trace.lab.thrift_library import thrift_folder
from eintr_trace.lab.tracer import recording_to

RECORDINGS = Path(__file__).parent / "recordings"
_RECORDING_NAME = "thrift-python2.7.jsonl"
_ACCOUNT_NAME = "thrift-python2.7.json"


@dataclass(frozen=True)
class ShippedRun:
    """A recording, and beside it what no recording holds: the client's own account."""

    recording: Path
    interpreter: str
    output: str
    signals: int


def shipped_run(folder: Path = RECORDINGS) -> ShippedRun:
    """Return the run in ``folder``; raises EintrTraceError when it is not there."""
    recording = folder / _RECORDING_NAME
    try:
        account = json.loads((folder / _ACCOUNT_NAME).read_text())
    except OSError as error:
        raise EintrTraceError(
            f"the shipped recording cannot be read: {error.filename}: {error.strerror}",
            "Install the package again, or name a Python 2.7 with --python",
        ) from error
    return ShippedRun(recording, account["interpreter"], account["output"], account["signals"])


def make_shipped_run(folder: Path = RECORDINGS) -> ShippedRun:
    """Record a run under this machine's Python 2.7, take the machine out of it, and store it.

    Raises EintrTraceError when there is no 2.7, or when something of the machine remained.
    """
    python = next((f for f in find_interpreters() if (f.version or ())[:2] == (2, 7)), None)
    if python is None:
        raise EintrTraceError("this machine has no Python 2.7", "Install one, with pyenv say")
    with tempfile.TemporaryDirectory() as temporary:
        raw = Path(temporary) / _RECORDING_NAME
        result = run_experiment(Experiment(python), recording_to(raw, ["--step"]))
        lines = raw.read_text().splitlines()
    run = ShippedRun(folder / _RECORDING_NAME, python.name, result.output, len(result.signals))
    names = _neutral_names(result)
    account = {name: value for name, value in asdict(run).items() if name != "recording"}
    folder.mkdir(exist_ok=True)
    cleaned = [_dump(without_machine(json.loads(line), names)) for line in lines]
    run.recording.write_text("\n".join(cleaned) + "\n")
    (folder / _ACCOUNT_NAME).write_text(_dump(without_machine(account, names)) + "\n")
    return shipped_run(folder)


def without_machine(value: object, names: Mapping[str, str]) -> object:
    """Replace each key of ``names`` in every string of a JSON value, the first key first.

    Raises EintrTraceError when a string still names this machine or the user's home.
    """
    match value:
        case dict():
            return {key: without_machine(item, names) for key, item in value.items()}
        case list():
            return [without_machine(item, names) for item in value]
        case str():
            for machine_name, neutral_name in names.items():
                value = value.replace(machine_name, neutral_name)
            for private in (str(Path.home()), platform.node()):
                if private and private in value:
                    raise EintrTraceError(f"the recording still says {private!r}: {value!r}")
            return value
        case _:
            return value


def _neutral_names(result: ExperimentResult) -> dict[str, str]:
    executable = result.experiment.interpreter.executable
    return {
        str(PROGRAMS): "eintr_trace/lab/programs",
        str(thrift_folder(os.environ)): "site-packages",
        str(executable.parent.parent): "/python2.7",
        # Beyond the version it names who built this kernel.
        platform.release(): platform.release().partition("-")[0],
    }


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
