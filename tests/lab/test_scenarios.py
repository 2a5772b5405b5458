"""The scenarios file: what it holds, and what is said of one that is malformed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from eintr_trace.errors import MalformedInputError
from eintr_trace.lab.dispositions import Disposition
from eintr_trace.lab.scenario_case import source_of
from eintr_trace.lab.scenarios import Full, ReleasedBy, load_scenarios
from tests.lab.interpreters import cpython

LEAST = """
[[scenario]]
name = "least"
call = "result = 1"
blocked_in = ["read"]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "scenarios.toml"
    path.write_text(text)
    return path


def test_an_entry_with_everything(tmp_path: Path) -> None:
    text = '''
[[scenario]]
name = "os.read pipe"
setup = "reader, writer = os.pipe()"
threads = "start()"
call = """
result = os.read(reader, 1)
"""
release = "os.write(writer, b'x')"
released_by = "thread"
blocked_in = ["read", "readv"]
full = { bytes = 1, seconds = 0.5 }
since = "3.6"
until = "3.10"
because = "it was so then"
not_with = { sig-ign = "no sense" }
not_on = { PyPy = "it has none" }
modules = ["ssl"]
subset = true
'''
    (scenario,) = load_scenarios(written(tmp_path, text))
    assert scenario.released_by is ReleasedBy.THREAD
    assert scenario.blocked_in == ("read", "readv")
    assert scenario.full == Full(byte_count=1, seconds=0.5)
    assert scenario.not_with == {Disposition.SIG_IGN: "no sense"}
    assert (scenario.modules, scenario.subset) == (("ssl",), True)
    versions = [(2, 7, 18), (3, 6, 15), (3, 10, 1), (3, 11, 0)]
    reasons = [scenario.not_for(version) for version in versions]
    assert scenario.not_for((3, 6, 9), "PyPy") == "it has none"
    assert reasons == ["it was so then", None, None, "it was so then"]


def test_an_entry_with_the_least(tmp_path: Path) -> None:
    (scenario,) = load_scenarios(written(tmp_path, LEAST))
    assert scenario.released_by is ReleasedBy.PEER
    assert scenario.full == Full()
    assert scenario.not_for((2, 7, 18)) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must hold [[scenario]] entries"),
        ("x = ", "is not TOML"),
        (f"other = 1\n{LEAST}", "must hold [[scenario]] entries, nothing else"),
        ("scenario = [1]", "scenario 1 is not a table"),
        (LEAST + LEAST, "scenario 2 (least) has the name of an earlier one"),
        (LEAST.replace('"least"', "3"), "scenario 1 has a 'name' that is no text"),
        (LEAST.replace('"least"', '"a/b"'), "scenario 1 (a/b) has a name with other characters"),
        (LEAST.replace("name", "named"), "scenario 1 has no 'name'"),
        (LEAST.replace("result", "("), "has a 'call' that is no Python"),
        (LEAST.replace("result", "other"), "has a 'call' that does not assign 'result'"),
        (LEAST.replace('["read"]', "[]"), "scenario 1 (least) has no 'blocked_in'"),
        (LEAST.replace('["read"]', "[3]"), "has a 'blocked_in' with something else than text"),
        (LEAST.replace('["read"]', '"read"'), "has a 'blocked_in' that is no list"),
        (LEAST + "setupp = 'x'", "scenario 1 (least) has an unknown key 'setupp'"),
        (LEAST + "full = { byte = 1 }", "has an unknown key 'byte'"),
        (LEAST + "full = { bytes = 0 }", "has a 'bytes' that is no number above 0"),
        (LEAST + "released_by = 'me'", "is released by 'me', which is none of peer, thread"),
        (LEAST + "since = '3'", "has a 'since' that is not like 3.10"),
        (LEAST + "since = '3.6'", "does not say why ('because')"),
        (LEAST + "not_with = { nothing = 'x' }", "is not with 'nothing', which is no disposition"),
        (LEAST + "not_with = { plain = '' }", "does not say why it is 'not_with' 'plain'"),
        (LEAST + "not_on = { PyPy = 3 }", "does not say why it is 'not_on' 'PyPy'"),
        (LEAST + "subset = 1", "has a 'subset' that is no truth value"),
    ],
)
def test_malformed(text: str, said: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(MalformedInputError) as raised:
        load_scenarios(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert said in str(raised.value)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "scenarios.toml"
    path.write_bytes(b"\xff")
    with pytest.raises(MalformedInputError, match="is not TOML"):
        load_scenarios(path)


def test_all_that_are_there_are_valid_on_2_7_too(tmp_path: Path) -> None:
    for number, scenario in enumerate(load_scenarios()):
        (tmp_path / f"case{number}.py").write_text(source_of(scenario))
    command = [str(cpython("2.7").executable), "-m", "compileall", "-q", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
