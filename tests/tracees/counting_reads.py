"""Reads a byte, counts it in a local variable, reads again at the same instruction."""

import os

from known_threads import ready


def count_for_ever():
    count = 1000
    while True:
        os.read(0, 1)
        count = count * 3


ready()
count_for_ever()
