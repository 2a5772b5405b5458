"""Prints {"names": {number: unspecialised name}, "caches": {name: units}} of this interpreter."""

import json
import opcode
import sys

names = dict(opcode.opmap)
families = {}
caches = {}
if sys.version_info >= (3, 13):
    import _opcode_metadata

    names.update(_opcode_metadata._specialized_opmap)
    families = _opcode_metadata._specializations
    caches = {name: units for name, units in opcode._inline_cache_entries.items() if units}
elif sys.version_info >= (3, 11):
    import dis

    names = dict(dis._all_opmap)
    families = opcode._specializations
    caches = {
        opcode.opname[number]: units
        for number, units in enumerate(opcode._inline_cache_entries)
        if units
    }
base = {special: name for name, specials in families.items() for special in specials}
print(
    json.dumps(
        {
            "names": {number: base.get(name, name) for name, number in names.items()},
            "caches": caches,
        }
    )
)
