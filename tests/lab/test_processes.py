"""A program of the lab that has ended, and what it said last."""

from __future__ import annotations

import os

from eintr_trace.lab.processes import Deadline, running


def test_what_a_program_printed_last_is_read_once_it_is_seen_to_have_ended() -> None:
    with running("program", ["/bin/sh", "-c", "echo last"], dict(os.environ)) as child:
        deadline = Deadline(20)
        while not child.has_ended:
            deadline.check("the program ended")
        assert child.output == "last\n"
