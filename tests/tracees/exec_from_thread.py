"""Many idle threads; on a line of standard input one that is not the leader executes a program.

Usage: exec_from_thread.py THREADS first|last. Valid on Python 2.7 and 3. The program says `{}`
and ends. The thread that executes it is the first or the last that was started.
"""

import os
import sys
import threading


def execute():
    os.read(0, 100)
    os.execv("/bin/echo", ["echo", "{}"])


idle, _held = os.pipe()
threading.stack_size(64 * 1024)
executing = threading.Thread(target=execute)
if sys.argv[2] == "first":
    executing.start()
for _ in range(int(sys.argv[1])):
    thread = threading.Thread(target=os.read, args=(idle, 1))
    thread.daemon = True
    thread.start()
if sys.argv[2] == "last":
    executing.start()
print("ready")
os.read(idle, 1)
