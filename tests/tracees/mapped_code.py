"""Maps code of all kinds, says where, and waits.

Arguments: libraries to load; those with "deleted" in their name are deleted then. Those with
"copied" are loaded from memory.
"""

import ctypes
import json
import mmap
import os
import socket
import sys

assert socket.socket  # its extension module has functions of its own
SIZE = 8192
# Writable too, or ctypes would not tell its address.
PROTECTION = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC


def address_of(memory):
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


def loaded(path):
    if "copied" not in path:
        return ctypes.CDLL(path)
    memory = os.memfd_create("library-in-memory")
    with open(path, "rb") as stream:
        os.write(memory, stream.read())
    return ctypes.CDLL("/proc/self/fd/%d" % memory)


libraries = [loaded(path) for path in sys.argv[1:]]
for path in sys.argv[1:]:
    if "deleted" in path:
        os.unlink(path)
descriptor = os.memfd_create("made-by-jit")
os.ftruncate(descriptor, SIZE)
memories = {
    "anonymous": mmap.mmap(-1, SIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, PROTECTION),
    "zero": mmap.mmap(-1, SIZE, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS, PROTECTION),
    "memfd": mmap.mmap(descriptor, SIZE, mmap.MAP_SHARED, PROTECTION),
}
print("ready")
print(json.dumps({name: address_of(memory) for name, memory in memories.items()}))
sys.stdout.flush()
sys.stdin.readline()
