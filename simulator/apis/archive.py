"""The file of a report, made piece by piece as it leaves: XML, zipped or not, and all that can be wrong with it.

100,000 rows take some seconds, and no memory to speak of.
"""

import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from random import Random

from simulator.ledger import Body, Document, loads
from simulator.state.reports import Report
from simulator.trading_xml import NAMESPACE, report_row

ENDINGS = {"zip": "zip", "gzip": "xml.gz", "xml": "xml"}
ROWS = 500  # of one piece
NO_ZIP = b"<html><head><title>We'll be right back</title></head><body>The file you asked for is on its way.</body></html>"


def packed(report: Report, text: Callable[[Body], str], ready_at: str, bomb_bytes: int) -> Iterator[bytes]:
    """
    Args:
        text: gives a row's document.
    """
    if "not_a_zip" in report.faults:
        return iter([NO_ZIP])
    pieces = _xml(report, text, ready_at)
    if "zip_bomb" in report.faults:
        pieces = _bomb(pieces, bomb_bytes)
    whole = {"zip": _zipped, "gzip": _gzipped}.get(report.file_format, iter)(pieces)
    return _torn(whole) if "torn_report" in report.faults else whole


def _xml(report: Report, text: Callable[[Body], str], ready_at: str) -> Iterator[bytes]:
    yield (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<BulkDataExchangeResponses xmlns="{NAMESPACE}"><ActiveInventoryReport>'
        f"<Timestamp>{ready_at}</Timestamp><Ack>Success</Ack>"
    ).encode()
    rng = Random(f"{report.id}:rows")
    rows = iter(report.rows)
    while some := list(islice(rows, ROWS)):
        yield "\n".join(row for body in some for row in _rows(report.faults, loads(text(body)), rng)).encode()
    yield b"<Version>1355</Version></ActiveInventoryReport></BulkDataExchangeResponses>"


def _rows(faults: frozenset[str], document: Document, rng: Random) -> list[str]:
    if "rows_negative" in faults and rng.random() < 0.1:
        document = {**document, "available": -rng.randint(1, 9)}
    if "rows_nameless" in faults and rng.random() < 0.1:
        document = {name: value for name, value in document.items() if name != "itemId"}
    row = report_row(document)
    if "rows_unknown" in faults:
        row = row.replace("</SKUDetails>", '<x:Future xmlns:x="urn:x"><x:Deep a="1">?</x:Deep></x:Future><Grade/></SKUDetails>')
    return [row] * (2 if "rows_twice" in faults and rng.random() < 0.2 else 1)


class _Sink:
    """What zipfile writes to: a file that nobody can seek in."""

    def __init__(self) -> None:
        self.waiting = bytearray()

    def write(self, data: bytes) -> int:
        self.waiting += data
        return len(data)

    def flush(self) -> None:
        pass

    def drain(self) -> bytes:
        data = bytes(self.waiting)
        self.waiting.clear()
        return data


def _zipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    sink = _Sink()
    inside = zipfile.ZipInfo("activeInventoryReport.xml", (2026, 1, 1, 0, 0, 0))
    inside.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(sink, "w") as file:  # type: ignore[call-overload]
        with file.open(inside, "w", force_zip64=True) as entry:
            for piece in pieces:
                entry.write(piece)
                if len(sink.waiting) > 50_000:
                    yield sink.drain()
    yield sink.drain()


def _gzipped(pieces: Iterable[bytes]) -> Iterator[bytes]:
    press = zlib.compressobj(1, wbits=31)
    for piece in pieces:
        if some := press.compress(piece):
            yield some
    yield press.flush()


def _bomb(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The first rows, and then more and more of nothing."""
    yield from islice(pieces, 2)
    blank = b" " * 1_000_000
    for _ in range(size // len(blank)):
        yield blank
    yield from pieces


def _torn(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """All but the end, where it matters."""
    last = b""
    for piece in pieces:
        yield last
        last = piece
    yield last[: len(last) // 2]
