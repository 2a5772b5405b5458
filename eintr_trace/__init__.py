"""Explains what happens when a signal interrupts a Python program in a system call."""

__version__ = "0.1.0"
