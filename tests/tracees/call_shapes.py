"""Prints the bytecode of many calls of `recv`, run often enough to be specialised.

One JSON list: {"call": source, "code": hex, "names": [...], "offset": of the outermost call}.
Valid on Python 2.7 and 3.
"""

import binascii
import dis
import json
import sys

SHAPES = sys.stdin.read().splitlines()
WARM_UP = 200


class Object(object):
    def recv(self, *args, **kwargs):
        return 1

    @property
    def handle(self):
        return self

    two = 2


def recv(*args, **kwargs):
    return 1


def call_offset(code):
    """The offset of the last call instruction: the outermost call returns the result."""
    if hasattr(dis, "get_instructions"):
        found = [i.offset for i in dis.get_instructions(code) if i.opname.startswith("CALL")]
        return [offset for offset in found if offset >= 0][-1]
    data, at, found = bytearray(code.co_code), 0, None
    while at < len(data):
        if dis.opname[data[at]].startswith("CALL"):
            found = at
        at += 3 if data[at] >= dis.HAVE_ARGUMENT else 1
    return found


found = []
for shape in SHAPES:
    scope = {"recv": recv, "glob": 3, "Object": Object}
    exec("def f(o, a, b, t):\n    return %s\n" % shape, scope)
    function = scope["f"]
    for _ in range(WARM_UP):
        function(Object(), 1, 2, (1, 2))
    code = function.__code__
    found.append(
        {
            "call": shape,
            "code": binascii.hexlify(getattr(code, "_co_code_adaptive", code.co_code)).decode(),
            "names": list(code.co_names),
            "offset": call_offset(code),
        }
    )
print(json.dumps(found))
