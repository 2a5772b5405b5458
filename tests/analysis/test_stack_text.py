"""C stacks as the exhibits say them."""

from __future__ import annotations

import pytest

from eintr_trace.analysis.receiver_exhibits import stack_text
from eintr_trace.model.c_stack import CFrame, CStack, StackEnd


@pytest.mark.parametrize("end", StackEnd)
def test_every_end_of_a_stack_but_the_outermost_is_told(end: StackEnd) -> None:
    text = stack_text(CStack((CFrame(0x1000, "recv", 9, "/lib/libc.so.6"),), end), {})
    assert text.startswith("recv (libc.so.6)")
    assert ("…" in text) == (end is not StackEnd.OUTERMOST)
