"""Forks children in which a thread executes a program; kills each, some before, some after that.

Usage: killed_children.py ROUNDS. Valid on Python 2.7 and 3. Begins when a line comes on standard
input; says how many were killed. They live for up to some milliseconds.
"""

import json
import os
import signal
import sys
import threading

print("ready")
sys.stdin.readline()
killed = 0
for number in range(int(sys.argv[1])):
    pid = os.fork()
    if pid == 0:
        threading.Thread(target=os.execv, args=("/bin/sleep", ["sleep", "60"])).start()
        signal.pause()
    for _ in range(number % 100 * 1500):
        pass
    os.kill(pid, signal.SIGKILL)
    killed += os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL
print(json.dumps({"killed": killed}))
