"""Reads; when a line has come it becomes itself anew, and ends when another has.

Usage: decides_and_becomes.py [again]. For Python 3, whose read calls again after SIGUSR1.
"""

import json
import os
import signal
import sys

signal.signal(signal.SIGUSR1, lambda signo, frame: None)
os.write(1, b"ready\n")
os.read(0, 100)
if len(sys.argv) == 1:
    os.execv(sys.executable, [sys.executable, "-u", __file__, "again"])
print(json.dumps({}))
