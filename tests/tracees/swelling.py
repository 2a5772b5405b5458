"""Executes itself so many times with a command line of a megabyte, then says so and waits.

Usage: swelling.py ROUNDS. Valid on Python 2.7 and 3. Begins when a line comes on standard input
and ends on another. Each exec is an event with the command line in it.
"""

import json
import os
import sys

rounds = int(sys.argv[1])
if len(sys.argv) == 2:
    print("ready")
    os.read(0, 100)
if rounds:
    padding = ["x" * 100000] * 10
    os.execv(sys.executable, [sys.executable, "-uSE", __file__, str(rounds - 1)] + padding)
print("swollen")
os.read(0, 100)
print(json.dumps({}))
