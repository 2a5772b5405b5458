"""What GitHub makes of Markdown: by its own parser, and by its documented rules for text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import cmarkgfm
from cmarkgfm.cmark import Options

# Those that a report is made of. No link, image, input or rule is among them.
TAGS = {
    *("h1", "h2", "p", "strong", "code", "pre", "ol", "ul", "li", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
# "Autolinked references and URLs", "Mentioning people and teams" of GitHub's documentation.
REFERENCES = re.compile(
    r"@\w|#\d|GH-\d|https?://|www\.|:[a-z]\w*:|\b(?=\w*[a-f])(?=\w*\d)[0-9a-f]{7,40}\b",
    re.IGNORECASE,
)


@dataclass
class Page:
    """The tags of a page, its text outside of code, and all of its text."""

    tags: set[str] = field(default_factory=set)
    prose: list[str] = field(default_factory=list)
    text: str = ""
    cells: list[int] = field(default_factory=list)


def shown(markdown: str) -> Page:
    """Return the page that GitHub shows, before it links references in its prose."""
    reader = _Reader()
    html = cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE)
    reader.feed(html)
    reader.close()
    return reader.page


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self._in_code = 0

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        self.page.tags.add(tag)
        self._in_code += tag == "code"
        if tag == "tr":
            self.page.cells.append(0)
        elif tag in ("td", "th"):
            self.page.cells[-1] += 1

    def handle_endtag(self, tag: str) -> None:
        self._in_code -= tag == "code"

    def handle_data(self, data: str) -> None:
        self.page.text += data
        if not self._in_code:
            self.page.prose.append(data)
