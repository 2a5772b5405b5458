"""100,000 send/recv pairs on a socket pair; says how long they took.

Valid on Python 2.7 and 3. Begins when a line comes on standard input.
"""

import json
import socket
import sys
import time

ours, theirs = socket.socketpair()
send, recv = theirs.send, ours.recv
print("ready")
sys.stdin.readline()
started = time.time()
for _ in range(100000):
    send(b"x")
    recv(1)
print(json.dumps({"seconds": time.time() - started}))
