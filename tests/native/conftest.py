"""The interpreters and programs of the interpreter's tests, for those of the C side."""

from tests.interpreter.conftest import pytest_generate_tests, python, tracees

__all__ = ["pytest_generate_tests", "python", "tracees"]
