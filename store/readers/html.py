"""HTML as Markdown, by lexbor's parser, which reads what is broken as browsers do.

What a browser would not show is left out: scripts, styles, comments, and what is hidden.
Nothing that a page refers to is fetched.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

from store.readers.source import Refused, Source

if TYPE_CHECKING:
    from selectolax.lexbor import LexborNode

    from store.readers.html_writer import HtmlWriter

_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_DECLARED = re.compile(
    rb"""<(?:meta\b[^>]{0,500}?\bcharset|\?xml\b[^>]{0,200}?\bencoding)\s*=\s*["']?\s*([\w.:-]+)""",
    re.I,
)
# Of the codecs that Python knows, those in which pages are written; others can be costly.
_CODECS = re.compile(
    r"ascii|utf-8|iso8859|latin|cp\d|windows|koi8|mac|gb|big5|euc|shift|iso2022|hz|johab|tis|kz"
)
# For each of these that opens, the parser looks through all that are open: many take too long.
_DEEP = re.compile(
    r"<(/?)(?:address|article|aside|blockquote|center|details|dialog|dir|div|dl|fieldset|figcaption"
    r"|figure|footer|header|hgroup|listing|main|menu|nav|ol|pre|search|section|span|summary|table"
    r"|ul|xmp)\b",
    re.I,
)
_MAX_DEPTH = 20_000
_SKIPPED = {
    *("script", "style", "template", "noscript", "head", "svg", "math", "iframe", "object"),
    *("audio", "video", "canvas", "select", "datalist", "rp", "dialog", "frameset"),
}
_HIDDEN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden)\b", re.I)


def pages(source: Source) -> list[str]:
    """Return the text of a page."""
    return [markdown(decoded(source.data), source.max_chars)]


def decoded(data: bytes) -> str:
    """Return the characters of a page: by its mark, by what it declares, by what fits best."""
    from store.decoding import decode

    declared = None if data.startswith(_MARKS) else _DECLARED.search(data[:4096])
    if declared:
        try:
            codec = codecs.lookup(declared[1].decode("ascii", "replace")).name
            if _CODECS.match(codec):
                return data.decode("cp1252" if codec in ("ascii", "iso8859-1") else codec)
        except (LookupError, ValueError):
            pass  # it does not know, or does not keep, what it declares
    text = decode(data)
    if text is None:
        raise Refused("binary")
    return text


def markdown(html: str, max_chars: int) -> str:
    """Return HTML as Markdown; its title comes first unless it is the first heading too."""
    from selectolax.lexbor import LexborHTMLParser

    from store.decoding import storable
    from store.readers.html_writer import HtmlWriter

    depth = deepest = 0
    for tag in _DEEP.finditer(html):
        depth += -1 if tag[1] else 1
        deepest = max(deepest, depth)
    if deepest > _MAX_DEPTH:
        raise Refused("nested")
    tree = LexborHTMLParser(storable(html))
    out = HtmlWriter(max_chars)
    title, heading = tree.css_first("head title"), tree.css_first("h1")
    name = " ".join(title.text().split()) if title else ""
    if name and not (heading and " ".join(heading.text().split()) == name):
        out.heading(1, name)
    if tree.body is not None:
        _walk(tree.body, out)
    return storable(out.text())


def _walk(root: LexborNode, out: HtmlWriter) -> None:
    """Write what is under an element, however deep it is nested."""
    node = root
    while True:
        inner = None
        if node.tag == "-text":
            out.words(node.text_content or "")
        elif _is_shown(node):
            out.open(node)
            inner = node.child
            if inner is None:
                out.close(node.tag or "")
        if inner is not None:
            node = inner
            continue
        while node.mem_id != root.mem_id and node.next is None and node.parent is not None:
            node = node.parent
            out.close(node.tag or "")
        if node.mem_id == root.mem_id or node.next is None:
            return
        node = node.next


def _is_shown(node: LexborNode) -> bool:
    tag = node.tag or "-"
    if tag in _SKIPPED or tag.startswith(("-", "!")):
        return False
    attributes = node.attributes
    return "hidden" not in attributes and not _HIDDEN.search(attributes.get("style") or "")
