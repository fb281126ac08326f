"""The report of active listings, read as a stream whatever its packing: 100,000 listings in the memory of one."""

import gzip
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from ebay.documents import Document
from ebay.errors import BadAnswerError
from ebay.listings import report_row
from ebay.xml import CHUNK, records

EXPANDED = 1024 * 1024 * 1024  # bytes of XML; 100,000 listings with 10 variations each are some 250 MB
MOST_DIRECTORY = 64 * 1024  # bytes of a zip's table of contents: ours holds one file
REPORT = {"ActiveInventoryReport", "ActiveInventoryReportResponse"}
END_OF_DIRECTORY = b"PK\x05\x06"


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A row without an ItemID: to be set aside."""

    raw: str = field(repr=False)  # XML


def read_report(path: Path, expanded: int = EXPANDED) -> Iterator[Document | UnreadableRow]:
    """The rows of a report in a file: gzip, zip or plain XML, found by content (eBay's own header is wrong about it at times).

    A row is a part of a listing, as `ebay/listings.py` shapes it. The same listing may come twice.

    Raises:
        BadAnswerError: no such report, truncated, or larger than `expanded` bytes of XML. Rows given before are good ones, but nothing may
            be concluded from the absence of others: only a report read to its end is the full truth.
    """
    for row in records(_chunks(path, expanded), ("SKUDetails", "Ack"), inside=REPORT):
        if row.name == "Ack":
            if row.text.strip() not in ("Success", "Warning"):
                raise BadAnswerError("eBay's report says that it failed")
            continue
        document = report_row(row)
        yield UnreadableRow(row.raw()) if document is None else document


def _chunks(path: Path, most: int) -> Iterator[bytes]:
    left = most
    try:
        with _opened(path) as file:
            while chunk := file.read(CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise BadAnswerError("eBay's report is too large")
                yield chunk
    except EOFError:
        raise BadAnswerError("eBay's report is truncated") from None
    except (zlib.error, zipfile.BadZipFile, gzip.BadGzipFile, NotImplementedError, RuntimeError, ValueError):  # of a zip: encrypted, exotic
        raise BadAnswerError("eBay's report is not the zip or gzip that it begins like") from None


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        head = file.read(4)
    if head[:2] == b"\x1f\x8b":
        return cast(IO[bytes], gzip.open(path))
    if head[:2] == b"PK":
        return _only_file(path)
    return path.open("rb")


def _only_file(path: Path) -> IO[bytes]:
    """The one file in a zip. Its table of contents is measured before it is read, since that goes into memory as a whole."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 65_557))  # the end, with the longest comment
        _, found, end = file.read().rpartition(END_OF_DIRECTORY)
    if not found or int.from_bytes(end[8:12], "little") > MOST_DIRECTORY:
        raise zipfile.BadZipFile
    try:
        with zipfile.ZipFile(path) as archive:
            files = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(files) == 1:
                return archive.open(files[0])  # it keeps the archive open as long as itself
    except (OSError, OverflowError, LookupError, struct.error):  # places that are nowhere in the file
        raise zipfile.BadZipFile from None
    raise BadAnswerError("eBay's report is a zip that does not hold one file")
