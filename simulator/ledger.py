"""What really happened: every version of every entity, one JSON object a line, appended and never changed.

    {"seller", "kind": order|fulfillment|inventory|listing|offer, "entity_id", "version", "modified_at", "visible_at", "removed",
     "document"}

`document` is the list view: what getOrders, getShippingFulfillments and getInventoryItems show. `visible_at` is when eBay's
answers show this version. A listing is an entity of the kind inventory, `listing:ITEMID`, with the document of `state/listings.py`; it is
removed when it ends. While the Inventory API has all its SKUs, its rows are of the kind listing instead: there is nothing to record.
An order is removed when it is paid and comes under another id: eBay shows the unpaid one no more, and there is nothing to record.
Offers are there from the moment that somebody asks for them (`state/offer_actions.py`).
A line is handed to the operating system before its version can be served, so a `kill -9` of the simulator loses nothing that anybody saw.
A line torn by such a kill is dropped at the next start.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from simulator.times import from_iso, iso

Document = dict[str, Any]
DOCUMENT = '"document":'


class Head(NamedTuple):
    """A ledger row without its document. Times in milliseconds."""

    seller: str
    kind: str
    entity_id: str
    version: int
    modified_ms: int
    visible_ms: int
    removed: bool


class Span(NamedTuple):
    """Where in the ledger file a document's text stands, in bytes: so that 100,000 documents need no memory."""

    offset: int
    length: int


class Sketch(NamedTuple):
    """A document that is built anew each time it is needed: `build()` gives the same one always."""

    build: Callable[..., Document]
    arguments: tuple[Any, ...]


Body = str | Span | Sketch  # a document: its JSON text, or how to get it


def dumps(document: Any) -> str:
    """Compact JSON in ASCII: NUL, lone surrogates and NaN pass, as they do from eBay."""
    return json.dumps(document, separators=(",", ":"))


def loads(text: str | bytes) -> Any:
    """JSON whose numbers that no double can hold (NaN, Infinity, 1e400) stay text."""

    def real(digits: str) -> float | str:
        number = float(digits)
        return digits if number in (float("inf"), float("-inf")) else number

    return json.loads(text, parse_float=real, parse_constant=str)


class Ledger:
    """Appends rows and finds documents again. Without a path it lives in memory. Not thread-safe: the world's lock guards it."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.memory: list[tuple[Head, Body]] = []
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.file = path.open("a+b", buffering=0)
            self.end = self._whole_lines()
            self.file.truncate(self.end)

    def _whole_lines(self) -> int:
        """Bytes up to the last whole line: a second run starts behind it."""
        self.file.seek(0, os.SEEK_END)
        end = self.file.tell()
        while end:
            start = max(0, end - 65_536)
            newline = os.pread(self.file.fileno(), end - start, start).rfind(b"\n")
            if newline >= 0:
                return start + newline + 1
            end = start
        return 0

    def append(self, rows: Iterable[tuple[Head, Body]]) -> list[Body]:
        """Keep rows; gives back how to get each document from now on."""
        if not self.path:
            rows = list(rows)
            self.memory.extend(rows)
            return [body for _, body in rows]
        spans: list[Body] = []
        lines = bytearray()  # what happens together is handed over in one piece, so that a kill does not tear it
        for head, body in rows:
            opening, document = _opening(head).encode("ascii"), self.text(body).encode("ascii")
            spans.append(Span(self.end + len(lines) + len(opening), len(document)))
            lines += opening + document + b"}\n"
            if len(lines) > 4_000_000:
                self._write(lines)
                lines.clear()
        self._write(lines)
        return spans

    def _write(self, lines: bytearray) -> None:
        rest = bytes(lines)
        while rest:
            written = self.file.write(rest) or 0
            rest, self.end = rest[written:], self.end + written

    def text(self, body: Body) -> str:
        """A document's JSON."""
        if isinstance(body, str):
            return body
        if isinstance(body, Span):
            return os.pread(self.file.fileno(), body.length, body.offset).decode("ascii")
        return dumps(body.build(*body.arguments))

    def stored(self) -> Iterator[tuple[Head, Body]]:
        """All rows so far, oldest first, without reading documents into memory."""
        if not self.path:
            yield from self.memory
            return
        with self.path.open("rb") as lines:
            offset = 0
            for line in lines:
                if not line.endswith(b"\n"):
                    return
                opening, document = line.split(DOCUMENT.encode(), 1)  # within a JSON string the quotes would be escaped: this is the key
                yield _head(json.loads(opening.rstrip(b", ") + b"}")), Span(offset + len(opening) + len(DOCUMENT), len(document) - 2)
                offset += len(line)

    def rows(self) -> Iterator[dict[str, Any]]:
        """All rows as the file has them, documents included."""
        for head, body in self.stored():
            yield loads(_opening(head) + self.text(body) + "}")

    def close(self) -> None:
        """The file is closed."""
        if self.path:
            self.file.close()


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a ledger file, also while another process writes it; a torn last line is left out."""
    with path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield loads(line)


def _opening(head: Head) -> str:
    fields = {
        "seller": head.seller,
        "kind": head.kind,
        "entity_id": head.entity_id,
        "version": head.version,
        "modified_at": iso(head.modified_ms),
        "visible_at": iso(head.visible_ms),
        "removed": head.removed,
    }
    return f"{dumps(fields)[:-1]},{DOCUMENT}"


def _head(row: dict[str, Any]) -> Head:
    times = from_iso(row["modified_at"]), from_iso(row["visible_at"])
    return Head(row["seller"], row["kind"], row["entity_id"], row["version"], *times, row["removed"])
