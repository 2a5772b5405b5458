"""Forks; the child signals itself with the first thing it does. Valid on Python 2.7 and 3.

Begins when a line comes on standard input; says how often the child's handler ran.
"""

import json
import os
import signal
import sys

handled = []


def in_child():
    os.kill(os.getpid(), signal.SIGUSR1)
    os._exit(len(handled))


signal.signal(signal.SIGUSR1, lambda signo, frame: handled.append(signo))
print("ready")
sys.stdin.readline()
pid = os.fork()
if pid == 0:
    in_child()
print(json.dumps({"handled": os.WEXITSTATUS(os.waitpid(pid, 0)[1])}))
