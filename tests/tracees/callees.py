"""Waits in one C function, called in the way named on the command line; valid on 2.7 and 3."""

import ctypes
import functools
import os
import sys
import threading

from known_threads import ready

libc = ctypes.CDLL(None)
buffer = ctypes.create_string_buffer(4)
renamed = os.read


class Named(object):
    def read(self, fd, count):
        return os.read(fd, count)


def function():
    return os.read(0, 1)


def global_variable():
    return renamed(0, 1)


def local_variable():
    it = os.read
    return it(0, 1)


def with_a_list():
    it, arguments = os.read, (0, 1)
    return it(*arguments)


def method():
    opened = os.fdopen(0, "rb")
    return opened.read(1)


def through_ctypes():
    return libc.read(0, buffer, 1)


def after_another():
    len([os.read(os.open(os.devnull, os.O_RDONLY), 1)])
    return libc.read(0, buffer, 1)


def two_of_a_name():
    return os.read(os.open(os.devnull, os.O_RDONLY), len(renamed(0, 1)) + 1)


def partial():
    return functools.partial(os.read, 0)(1)


def in_a_with():
    with threading.Lock():
        return os.read(0, 1)


def by_a_method():
    return Named().read(0, 1)


ready()
globals()[sys.argv[1]]()
