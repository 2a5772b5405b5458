"""How much a report for people tells."""

from __future__ import annotations

from enum import Enum


class Detail(Enum):
    """How much is printed: the summary only, a block an episode, or all the evidence too."""

    SUMMARY = "summary"
    BLOCKS = "blocks"
    EVIDENCE = "evidence"
