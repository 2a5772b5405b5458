"""Templates of the pages, in which every string is data until it is marked as markup.

Jinja2 escapes what HTML would obey; what a browser would hide or reorder (controls, formats of
bidirectional text, lone surrogates) is written out before, as it is for a terminal.
"""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from eintr_trace.reports.escaping import escape


def render(template: str, **values: object) -> Markup:
    """Return a template of ``templates/`` filled in; a name that it misses is an error."""
    # The environment escapes: what comes out is markup.
    return Markup(_environment().get_template(template).render(**values))


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("eintr_trace.reports.html"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _shown(value: object) -> object:
    return escape(value) if isinstance(value, str) and not isinstance(value, Markup) else value
