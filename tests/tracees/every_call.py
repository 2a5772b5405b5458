"""A signal meets a blocked read, whose handler makes it possible; single-threaded, always alike.

Usage: every_call.py. Valid on Python 2.7 and 3.
"""

import errno
import os
import signal

reading, writing = os.pipe()
signal.signal(signal.SIGALRM, lambda signo, frame: os.write(writing, b"\tbyte\n"))
signal.setitimer(signal.ITIMER_REAL, 0.2)
try:
    os.read(reading, 6)
except OSError as error:
    assert error.errno == errno.EINTR
os.close(reading)
try:
    os.close(reading)
except OSError as error:
    assert error.errno == errno.EBADF
os.kill(os.getpid(), signal.SIGTERM)
