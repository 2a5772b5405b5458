"""Prints the line tables of standard modules, and what the interpreter itself makes of them.

One JSON list: {"first": co_firstlineno, "table": hex, "starts": [[offset, line], ...],
"size": bytes of code}. Valid on Python 2.7 and 3.
"""

import binascii
import dis
import json
import sys

MODULES = ("difflib", "argparse", "textwrap", "subprocess")


def code_objects(code):
    yield code
    for constant in code.co_consts:
        if hasattr(constant, "co_code"):
            for inner in code_objects(constant):
                yield inner


def line_starts(code):
    if hasattr(code, "co_lines"):
        return [[start, line] for start, _, line in code.co_lines()]
    return [list(pair) for pair in dis.findlinestarts(code)]


found = []
for name in MODULES:
    try:
        path = __import__(name).__file__
    except ImportError:
        continue
    with open(path.replace(".pyc", ".py"), "rb") as stream:
        module = compile(stream.read(), name, "exec")
    for code in code_objects(module):
        if sys.version_info >= (3, 10):
            table = code.co_linetable
        else:
            table = code.co_lnotab
        found.append(
            {
                "first": code.co_firstlineno,
                "table": binascii.hexlify(table).decode(),
                "starts": line_starts(code),
                "size": len(code.co_code),
            }
        )
print(json.dumps(found))
