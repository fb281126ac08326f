"""XML of eBay read as a stream: no DTD, bounded in every direction, and what one character spoils costs that character alone.

Only the elements asked for are kept, and only until they are handed on, so that memory does not grow with the size of an answer.
"""

import codecs
import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from xml.sax import SAXException
from xml.sax.handler import ContentHandler
from xml.sax.saxutils import escape, quoteattr
from xml.sax.xmlreader import AttributesImpl

from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import create_parser

from ebay.errors import BadAnswerError

CHUNK = 64 * 1024
DEEPEST = 64  # levels; eBay's listings have about 8
MOST_NODES = 50_000  # in one record: a listing with 1,000 variations has some 15,000
MOST_TEXT = 4 * 1024 * 1024  # characters in one record, and in one tag, comment or instruction

NO_XML = "eBay's answer is no XML that can be read"
TOO_LARGE = "eBay's XML has a part that is too large"


@dataclass(slots=True)
class Node:
    """One element by its local name, whatever its namespace."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict, repr=False)
    children: "list[Node]" = field(default_factory=list, repr=False)
    parts: list[str] = field(default_factory=list, repr=False)
    parents: tuple[str, ...] = ()  # of a record: the names of the elements around it, outermost first

    @property
    def text(self) -> str:
        """Its own text, as it came; that of inner elements is theirs."""
        return "".join(self.parts)

    def every(self, name: str) -> "Iterator[Node]":
        """The children of this name, in the document's order; deeper elements are not looked at."""
        return (child for child in self.children if child.name == name)

    def at(self, *path: str) -> "Node | None":
        """The first element down a path of names."""
        node: Node | None = self
        for name in path:
            node = next(node.every(name), None) if node else None
        return node

    def value(self, *path: str) -> str | None:
        """The text down a path; None for a missing or a blank one."""
        node = self.at(*path)
        text = node.text if node else ""
        return text if text.strip() else None

    def raw(self) -> str:
        """As XML again, without namespaces and mixed text's places: for people, where nothing else can be made of it."""
        written: list[str] = []
        waiting: list[Node | str] = [self]
        while waiting:
            node = waiting.pop()
            if isinstance(node, str):
                written.append(node)
                continue
            attributes = "".join(f" {name}={quoteattr(value)}" for name, value in node.attributes.items())
            written.append(f"<{node.name}{attributes}>{escape(node.text if not node.children else node.text.strip())}")
            waiting.append(f"</{node.name}>")
            waiting.extend(reversed(node.children))
        return "".join(written)


def pieces(body: bytes) -> Iterator[bytes]:
    """A body in memory as chunks."""
    return (body[start : start + CHUNK] for start in range(0, len(body), CHUNK))


def records(chunks: Iterable[bytes], names: Collection[str], inside: Collection[str] = ()) -> Iterator[Node]:
    """The elements of these names, outermost ones only, each as soon as it ends. Everything else is passed over.

    Args:
        chunks: the XML, in pieces of some 64 KB.
        inside: elements of which one must be there, so that another XML is not taken for an empty one.

    Raises:
        BadAnswerError: no well-formed XML, unclosed, a DTD (so no entity can be declared), or a part beyond the limits. Elements given
            before are good ones, but not all of them: whoever needs all must wait for the end.
    """
    handler = _Records(names, inside)
    parser = create_parser(forbid_dtd=True)
    parser.setContentHandler(handler)
    fed = 0
    try:
        for text in _mended(chunks):
            seen = handler.events
            parser.feed(text)
            fed = fed + len(text) if handler.events == seen else 0
            if fed > MOST_TEXT:  # a tag or a comment that does not end
                raise BadAnswerError(TOO_LARGE)
            while handler.ready:
                yield handler.ready.popleft()
        parser.close()
    except (SAXException, DefusedXmlException, ValueError, RecursionError):
        raise BadAnswerError(NO_XML) from None
    yield from handler.ready
    if not handler.found:
        raise BadAnswerError("eBay's XML is not the one asked for")


class _Records(ContentHandler):
    def __init__(self, names: Collection[str], inside: Collection[str]) -> None:
        super().__init__()
        self.names, self.inside = names, inside
        self.found = not inside
        self.ready: deque[Node] = deque()
        self.events = 0
        self.around: list[str] = []  # open elements outside of a record
        self.open: list[Node] = []  # open elements of the record at hand
        self.nodes = self.size = 0

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 (the names are SAX's)
        self.events += 1
        name = name.rpartition(":")[2]
        if len(self.around) + len(self.open) >= DEEPEST:
            raise BadAnswerError(TOO_LARGE)
        if not self.open and name not in self.names:
            self.around.append(name)
            self.found = self.found or name in self.inside
            return
        self.nodes += 1
        node = Node(name, dict(attrs.items()) if len(attrs) else {})
        if self.open:
            self.open[-1].children.append(node)
        else:
            self.nodes, self.size = 1, 0
            node.parents = tuple(self.around)
        self.open.append(node)
        if self.nodes > MOST_NODES:
            raise BadAnswerError(TOO_LARGE)

    def endElement(self, name: str) -> None:  # noqa: N802
        self.events += 1
        if not self.open:
            self.around.pop()
            return
        node = self.open.pop()
        if not self.open:
            self.ready.append(node)

    def characters(self, content: str) -> None:
        self.events += 1
        if self.open:
            self.size += len(content)
            if self.size > MOST_TEXT:
                raise BadAnswerError(TOO_LARGE)
            self.open[-1].parts.append(content)


# What XML 1.0 forbids would make an answer unreadable as a whole: one title with a control character, and its seller is blocked for ever.
# So bytes that are no UTF-8, control characters, and references to what is no character become readable text: `\xff`, `\u0001`, `\ud800`.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCES = re.compile(r"(?:&#(?:x[0-9a-fA-F]{1,8}|[0-9]{1,9});)+")
_REFERENCE = re.compile("&#(?:x([0-9a-fA-F]+)|([0-9]+));")
_UNFINISHED = re.compile(r"(?:&#x?[0-9a-fA-F]{1,9};)+(?:&(?:#x?[0-9a-fA-F]{0,9})?)?\Z|&(?:#x?[0-9a-fA-F]{0,9})?\Z")
_ENCODING = re.compile(rb"""\A\s*<\?xml[^>]{0,80}encoding\s*=\s*["'](iso-8859-1|windows-1252)["']""", re.IGNORECASE)


def _mended(chunks: Iterable[bytes]) -> Iterator[str]:
    chunks = iter(chunks)
    first = next(chunks, b"")
    declared = _ENCODING.match(first)
    encoding = declared[1].decode("ascii") if declared else "utf-8-sig"
    decoder = codecs.getincrementaldecoder(encoding)("backslashreplace")
    text = decoder.decode(first)
    for chunk in chunks:
        unfinished = _UNFINISHED.search(text, max(0, len(text) - 200)) if "&" in text[-200:] else None
        whole = text[: unfinished.start()] if unfinished else text
        yield _allowed(whole)
        text = text[len(whole) :] + decoder.decode(chunk)
    yield _allowed(text + decoder.decode(b"", final=True))


def legible(text: str) -> str:
    """A text with nothing in it that XML forbids."""
    return _FORBIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _allowed(text: str) -> str:
    if _FORBIDDEN.search(text):
        text = legible(text)
    return _REFERENCES.sub(_possible, text) if "&#" in text else text


def _possible(match: re.Match[str]) -> str:
    """A run of references: as it is where all are characters; a surrogate pair becomes the one character that it means."""
    points = [int(one[1], 16) if one[1] else int(one[2]) for one in _REFERENCE.finditer(match[0])]
    written = []
    index = 0
    while index < len(points):
        point, following = points[index], points[index + 1] if index + 1 < len(points) else 0
        if 0xD800 <= point < 0xDC00 <= following < 0xE000:
            point = 0x10000 + (point - 0xD800) * 0x400 + following - 0xDC00
            index += 1
        possible = point <= 0x10FFFF and not _FORBIDDEN.match(chr(point))
        written.append(f"&#{point};" if possible else f"\\u{point:04x}")
        index += 1
    return "".join(written)
