"""The folder where the lab keeps what it installs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def lab_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the experiment keeps what it installs.

    ``$EINTR_TRACE_LAB``, else ``eintr-trace/lab`` under ``$XDG_CACHE_HOME`` or ``~/.cache``
    (XDG Base Directory Specification 0.8, "Environment variables").
    """
    named = environ.get("EINTR_TRACE_LAB")
    if named:
        return Path(named)
    cache = environ.get("XDG_CACHE_HOME")
    home = Path(environ.get("HOME") or Path.home())
    return (Path(cache) if cache else home / ".cache") / "eintr-trace" / "lab"
