# coding: utf-8
"""Names beyond ASCII, in one, two and four bytes a character."""

import signal

from known_threads import ready


def é𐐀():
    ready()
    signal.pause()


def функция():
    é𐐀()


def naïve_ä():  # Latin-1: one byte a character
    функция()


naïve_ä()
