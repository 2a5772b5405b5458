"""What the experiment's tests share."""

from __future__ import annotations

import pytest

from eintr_trace.errors import EintrTraceError
from eintr_trace.lab.link import Link, require_namespace_tools


@pytest.fixture
def netns() -> Link:
    """The link that needs privileges; skips without them, and says which."""
    try:
        require_namespace_tools()
    except EintrTraceError as error:
        pytest.skip(str(error))
    return Link.NETNS


@pytest.fixture(params=list(Link))
def link(request: pytest.FixtureRequest) -> Link:
    """Each link in turn."""
    wanted = Link(request.param)
    if wanted is Link.NETNS:
        request.getfixturevalue("netns")
    return wanted
