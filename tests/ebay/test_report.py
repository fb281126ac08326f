"""The report of active listings: any packing, any size, and never taken for whole when it is not."""

import gzip
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebay.errors import BadAnswerError
from ebay.report import UnreadableRow, read_report
from tests.ebay.trading_xml import report, reported, row, variations

ROWS = [row(str(1101 + n), sku=f"A-{n}") for n in range(3)]
XML = "".join(report(ROWS)).encode()


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


PACKED = {
    "plain": XML,
    "gzip": gzip.compress(XML),
    "two gzip members": gzip.compress(XML[:100]) + gzip.compress(XML[100:]),
    "zip": zipped(("report.xml", XML)),
    "stored zip": zipped(("report", XML), method=zipfile.ZIP_STORED),
    "zip with a folder": zipped(("folder/", b""), ("folder/report.xml", XML)),
}


def rows(tmp_path: Path, content: bytes, **limits: int) -> list[Any]:
    path = tmp_path / "report"
    path.write_bytes(content)
    return list(read_report(path, **limits))


@pytest.mark.parametrize("packing", PACKED)
def test_a_report_is_known_by_its_content(tmp_path: Path, packing: str) -> None:
    found = rows(tmp_path, PACKED[packing])

    assert [listing["itemId"] for listing in found] == ["1101", "1102", "1103"]
    assert found[0] == {"itemId": "1101", "sku": "A-0", "available": 3, "price": {"value": "9.99", "currency": "USD"}}


@pytest.mark.parametrize("xml", [
    "<BulkDataExchangeResponses><ActiveInventoryReport/></BulkDataExchangeResponses>", "<ActiveInventoryReport></ActiveInventoryReport>",
    '<e:ActiveInventoryReportResponse xmlns:e="urn:x"><e:Ack>Success</e:Ack><New/></e:ActiveInventoryReportResponse>',
])  # fmt: skip
def test_a_seller_without_active_listings_has_a_report_without_rows(tmp_path: Path, xml: str) -> None:
    assert rows(tmp_path, xml.encode()) == []


def test_a_row_without_an_item_id_is_given_apart_and_the_rest_goes_on(tmp_path: Path) -> None:
    without_id = row(None, sku="Whose?")

    found = rows(tmp_path, "".join(report([without_id, ROWS[0], row(""), ROWS[0]])).encode())

    assert [type(one) for one in found] == [UnreadableRow, dict, UnreadableRow, dict]
    assert "<SKU>Whose?</SKU>" in found[0].raw
    assert "Whose" not in repr(found[0])
    assert found[1] == found[3]


def test_unknown_elements_are_passed_over(tmp_path: Path) -> None:
    new = f"<New><SKUDetails>1</SKUDetails></New>{row(variations=variations(reported()))}<BidCount>1</BidCount>"

    [without_id, listing] = rows(tmp_path, "".join(report([new])).encode())

    assert (type(without_id), listing["available"], len(listing["variations"])) == (UnreadableRow, 3, 1)


def broken_zip() -> bytes:
    content = bytearray(zipped(("report.xml", XML), method=zipfile.ZIP_STORED))
    content[content.index(b"1102")] = ord("9")
    return bytes(content)


def encrypted_zip() -> bytes:
    content = bytearray(zipped(("report.xml", XML)))
    for signature, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + place] |= 1
    return bytes(content)


def crowded_zip() -> bytes:
    return zipped(*((f"{n:060}", b"") for n in range(700)))


BROKEN = {
    "nothing": b"",
    "html": b"<html><body>Sorry</body></html>",
    "json": b'{"errors": []}',
    "csv": b"ItemID,SKU\n1101,A-1\n",
    "bomb": b'<!DOCTYPE a [<!ENTITY x "ha">]><ActiveInventoryReport>&x;</ActiveInventoryReport>',
    "another report": b"<BulkDataExchangeResponses><OrderReport/></BulkDataExchangeResponses>",
    "failure": b"<ActiveInventoryReportResponse><Ack>Failure</Ack></ActiveInventoryReportResponse>",
    "unclosed": XML[:-40],
    "truncated gzip": gzip.compress(XML)[:-9],
    "gzip without its end": gzip.compress(XML)[:-4],
    "no gzip": b"\x1f\x8bno gzip at all, this is",
    "wrong gzip": gzip.compress(XML)[:30] + b"\xff" * 200,
    "gzip and more": gzip.compress(XML) + b"and more",
    "no zip": b"PK\x03\x04no zip at all, this is",
    "truncated zip": zipped(("report.xml", XML))[:-30],
    "broken zip": broken_zip(),
    "encrypted zip": encrypted_zip(),
    "exotic zip": zipped(("report.xml", XML)).replace(b"\x08\x00", b"\x63\x00"),
    "empty zip": zipped(),
    "two files": zipped(("a.xml", XML), ("b.xml", XML)),
    "crowded zip": crowded_zip(),
    "zip in a zip": zipped(("a.zip", zipped(("a.xml", XML)))),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_is_no_whole_report_is_one_clear_error(tmp_path: Path, what: str) -> None:
    with pytest.raises(BadAnswerError):
        rows(tmp_path, BROKEN[what])


@pytest.mark.parametrize("pack", [lambda xml: xml, gzip.compress, lambda xml: zipped(("a.xml", xml))], ids=["plain", "gzip", "zip"])
def test_a_report_that_expands_past_the_limit_is_refused(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    with pytest.raises(BadAnswerError, match="too large"):
        rows(tmp_path, pack(XML.replace(b"\n", b" " * 1_000_000)), expanded=500_000)


@given(st.binary(max_size=80), st.sampled_from(["plain", "gzip", "zip"]), st.integers(0, 400))
def test_any_bytes_in_any_place_are_a_report_or_a_bad_answer(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, packing: str, place: int
) -> None:
    content = PACKED[packing]
    path = tmp_path_factory.getbasetemp() / "junk"
    path.write_bytes(content[:place] + junk + content[place + len(junk) :])

    try:
        found = list(read_report(path))
    except BadAnswerError:
        found = []

    assert all(isinstance(one, UnreadableRow) or one["itemId"] for one in found)


MEASURE = """
import json, sys
from pathlib import Path
from psutil import Process
from ebay.report import read_report
measured = []
for path in sys.argv[1:]:
    peak = 0
    for number, _ in enumerate(read_report(Path(path)), 1):
        if number % 100 == 0:
            peak = max(peak, Process().memory_info().rss)
    measured.append((number, peak / 2**20))
print(json.dumps(measured))
"""


def test_a_report_of_any_length_takes_the_memory_of_a_short_one(tmp_path: Path) -> None:
    paths = []
    for number in (200, 20_000):
        paths.append(tmp_path / f"{number}.gz")
        with gzip.open(paths[-1], "wt", compresslevel=1) as file:
            file.writelines(report(row(str(n), sku=f"SKU-{n}") for n in range(number)))

    ran = subprocess.run(
        [sys.executable, "-c", MEASURE, *paths], capture_output=True, check=True, env={**os.environ, "PYTHONPATH": os.getcwd()}
    )

    (few, before), (many, after) = json.loads(ran.stdout)
    assert (few, many) == (200, 20_000)
    assert before < 100
    assert after - before < 4  # MB for a hundred times the rows: 100,000 of them stay far below 200 MB
