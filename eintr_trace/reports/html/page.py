"""One page: markup, styles, scripts and data in one file that opens offline.

The Content-Security-Policy lets the browser run this page's own script and style, named by
their hashes, and load nothing (CSP Level 3, 2.3.1 and 6.7.3.3). ``require-trusted-types-for``
makes it refuse to turn strings into markup in any script (Trusted Types, section 4).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from importlib.resources import files

from markupsafe import Markup

from eintr_trace.reports.html.templating import render

BASE_STYLES = ("colours", "base", "fork", "print")
"""Of every page, in this order: names of files in ``styles/`` without ``.css``."""

BASE_SCRIPTS = ("theme",)
"""Of every page: names of files in ``scripts/`` without ``.js``."""

# What ends a script element, begins a comment in one, or ends a line of a script only
# (HTML, 4.12.1.3 "Restrictions for contents of script elements").
_IN_SCRIPTS = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def page(
    title: str,
    body: Markup,
    *,
    styles: Iterable[str] = (),
    scripts: Iterable[str] = (),
    data: object = None,
) -> Markup:
    """Return a whole HTML file.

    ``styles`` and ``scripts`` name files that come after those of every page. ``data`` is what
    the scripts read from the element ``#data``, as JSON; ``None``: there is none.
    """
    style = _joined("styles", "css", (*BASE_STYLES, *styles))
    script = _script((*BASE_SCRIPTS, *scripts))
    return render(
        "page.html",
        title=title,
        body=body,
        style=Markup(style),  # this package's own file
        script=Markup(script),  # likewise
        policy=_policy(style, script),
        data=None if data is None else embedded(data),
    )


def embedded(value: object) -> Markup:
    """Return JSON that a script element may hold: ASCII, and nothing that HTML would obey."""
    text = json.dumps(value, separators=(",", ":"))
    return Markup(text.translate(_IN_SCRIPTS))  # no <, > or & is left


def _policy(style: str, script: str) -> str:
    return "; ".join(
        [
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "img-src data:",  # the empty icon, so that none is asked for
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _script(names: Iterable[str]) -> str:
    """Join scripts in one scope of their own; they see each other and leave nothing behind."""
    return f'(() => {{\n"use strict";\n{_joined("scripts", "js", names)}}})();\n'


def _joined(folder: str, suffix: str, names: Iterable[str]) -> str:
    root = files("eintr_trace.reports.html") / folder
    return "".join((root / f"{name}.{suffix}").read_text(encoding="utf-8") for name in names)
