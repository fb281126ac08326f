"""Platform notifications, in SOAP: believed by their own signature, refused when forged, old or without a dev id."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from ebay import platform
from simulator import World
from store import Store
from tests.inbox.letterbox import ADDRESS, Letterbox


def soap(box: Letterbox, event: str, timestamp: str, signature: str | None = None, inside: str = "") -> bytes:
    signed = box.keys.sign(timestamp) if signature is None else signature
    inside = inside or "<Item><ItemID>110012345678</ItemID></Item>"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Header>
<ebl:RequesterCredentials xmlns:ebl="urn:ebay:apis:eBLBaseComponents"><ebl:NotificationSignature>{signed}</ebl:NotificationSignature>
</ebl:RequesterCredentials></soapenv:Header><soapenv:Body><GetItemResponse xmlns="urn:ebay:apis:eBLBaseComponents">
<Timestamp>{timestamp}</Timestamp><Ack>Success</Ack><NotificationEventName>{event}</NotificationEventName>
<RecipientUserID>canary-seller</RecipientUserID>{inside}</GetItemResponse></soapenv:Body></soapenv:Envelope>""".encode()


@pytest.fixture
def now() -> Callable[[int], str]:
    return lambda seconds: (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def test_a_platform_notification_is_a_hint_too(letterbox: Letterbox, now: Callable[[int], str]) -> None:
    inside = "<TransactionArray><Transaction><ContainingOrder><OrderID>03-1-1</OrderID></ContainingOrder></Transaction></TransactionArray>"
    bodies = [soap(letterbox, "ItemRevised", now(0)), soap(letterbox, "FixedPriceTransaction", now(-60), inside=inside)]
    for body in [*bodies, bodies[0]]:
        assert (await letterbox.ebay.post(ADDRESS + "/anna", content=body, headers={"Content-Type": "text/xml"})).status_code == 204

    rows = {row["topic"]: row for row in letterbox.rows()}
    assert rows["ItemRevised"]["listing_ids"] == ["110012345678"]
    assert rows["ItemRevised"]["copies"] == 2
    assert rows["FixedPriceTransaction"]["order_ids"] == ["03-1-1"]
    assert {row["state"] for row in rows.values()} == {"pending"}
    assert "canary" not in str(rows)


async def test_a_platform_notification_that_is_forged_old_or_no_soap_is_refused(letterbox: Letterbox, now: Callable[[int], str]) -> None:
    good = soap(letterbox, "ItemRevised", now(0))
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    bodies = [
        soap(letterbox, "ItemRevised", now(0), signature="AAAAAAAAAAAAAAAAAAAAAA=="),
        soap(letterbox, "ItemRevised", now(0), signature=""),
        soap(letterbox, "ItemRevised", now(-660)),
        soap(letterbox, "ItemRevised", now(660)),
        soap(letterbox, "ItemRevised", "yesterday"),
        soap(letterbox, "Item Revised", now(0)),
        good.replace(b"Envelope", b"Letter"),
        good[:-20],
        bomb,
        b"",
    ]

    answers = [await letterbox.ebay.post(ADDRESS + "/anna", content=body, headers={"Content-Type": "text/xml"}) for body in bodies]

    assert [answer.status_code for answer in answers] == [412] * len(bodies)
    assert letterbox.rows() == []


async def test_without_a_dev_id_no_platform_notification_is_believed(
    store: Store, world: World, ebay_url: str, now: Callable[[int], str]
) -> None:
    box = Letterbox(store, world, ebay_url, ebay_dev_id=None)

    answer = await box.ebay.post(ADDRESS, content=soap(box, "ItemRevised", now(0)), headers={"Content-Type": "text/xml"})
    await box.close()

    assert answer.status_code == 412


def test_a_mebibyte_of_xml_from_anybody_is_not_read_before_its_signature(letterbox: Letterbox, now: Callable[[int], str]) -> None:
    inside = "<Item>" + "<ItemID>1</ItemID>" * 20_000 + "</Item>"
    bodies = [soap(letterbox, "ItemRevised", now(0), signature, inside) for signature in ("AAAAAAAAAAAAAAAAAAAAAA==", None)]
    took = []
    for body in bodies:
        began = time.thread_time()
        said = platform.read(body, letterbox.keys, datetime.now(UTC))
        took.append((time.thread_time() - began, said is not None))

    assert [signed for _, signed in took] == [False, True]
    assert took[0][0] < took[1][0] / 4
