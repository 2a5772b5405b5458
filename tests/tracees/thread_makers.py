"""Threads that start and join short threads without end. Usage: thread_makers.py THREADS.

Valid on Python 2.7 and 3.
"""

import sys
import threading


def make_without_end():
    while True:
        short = threading.Thread(target=len, args=("",))
        short.start()
        short.join()


for _ in range(int(sys.argv[1])):
    maker = threading.Thread(target=make_without_end)
    maker.daemon = True
    maker.start()
print("ready")
make_without_end()
