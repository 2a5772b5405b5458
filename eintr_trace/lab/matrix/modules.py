"""Which modules an interpreter does not have, found by importing them there."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping

from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.interpreters import FoundInterpreter

QUERY_LIMIT_S = 30.0

# Valid on Python 2.7 too. A module that fails to import may raise anything.
_QUERY = """\
import json, sys
missing = {}
for name in sys.argv[1:]:
    try:
        __import__(name)
    except BaseException:
        missing[name] = "%s: %s" % (sys.exc_info()[0].__name__, sys.exc_info()[1])
print(json.dumps(missing))
"""


def missing_modules(
    interpreter: FoundInterpreter, names: Iterable[str], environ: Mapping[str, str]
) -> dict[str, str]:
    """Give the modules that cannot be imported, each with what the import says.

    Raises EintrTraceError when the interpreter does not answer.
    """
    command = [str(interpreter.executable), "-c", _QUERY, *sorted(names)]
    try:
        done = subprocess.run(
            command,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=QUERY_LIMIT_S,
            check=True,
        )
        answer = json.loads(done.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        raise EintrTraceError(f"{interpreter.name} cannot be asked for its modules") from error
    return {str(name): str(reason) for name, reason in answer.items()}
