"""Blocks SIGUSR1 until a line comes on standard input, then reads another one.

Valid on Python 3 (2.7 has no pthread_sigmask). Reports how often its handler ran.
"""

import json
import signal
import sys

handled = []
signal.signal(signal.SIGUSR1, lambda signo, frame: handled.append(signo))
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
print("ready")
sys.stdin.readline()
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
sys.stdin.readline()
print(json.dumps({"handled": len(handled)}))
