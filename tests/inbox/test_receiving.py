"""`POST /ebay/notifications`: what eBay signed is kept before it has its answer, and nothing else is."""

from __future__ import annotations

import json
import logging
import random
from typing import Any

import pytest
from cryptography.fernet import Fernet

from inbox.router import LARGEST
from simulator import World
from simulator.sending import FORGERIES
from store import Store
from tests.inbox.letterbox import ADDRESS, KEY, Letterbox, drip


async def test_a_signed_notification_is_kept_and_acknowledged(letterbox: Letterbox) -> None:
    lines = [{"orderLineItemId": "l-1", "listingId": "11"}, {"orderLineItemId": "l-2", "listingId": "12"}]
    data = {"user": {"userId": "u", "username": "anna"}, "order": {"orderId": "03-14798-73169", "orderLineItems": lines}}

    answer = await letterbox.post(letterbox.body(data=data))

    (row,) = letterbox.rows()
    assert (answer.status_code, answer.content) == (204, b"")
    assert (row["notification_id"], row["topic"], row["seller_id"], row["state"]) == ("notice-1", "ORDER_CONFIRMATION", "anna", "pending")
    assert (row["order_ids"], row["listing_ids"], row["copies"], row["person"]) == (["03-14798-73169"], [], 1, None)
    assert (row["happened_at"].isoformat(), row["published_at"].second) == ("2026-06-18T12:00:00+00:00", 1)


async def test_a_copy_is_acknowledged_and_kept_once(letterbox: Letterbox) -> None:
    answers = [await letterbox.post(letterbox.body(publishAttemptCount=attempt)) for attempt in (1, 2, 3)]

    assert [answer.status_code for answer in answers] == [204, 204, 204]
    assert [(row["state"], row["copies"]) for row in letterbox.rows()] == [("pending", 3)]


async def test_a_copy_of_what_is_done_wakes_nothing(letterbox: Letterbox) -> None:
    await letterbox.post(letterbox.body())
    letterbox.store.notifications.end(["notice-1"])

    await letterbox.post(letterbox.body())

    assert [(row["state"], row["copies"]) for row in letterbox.rows()] == [("done", 2)]


async def test_notifications_in_any_order_are_all_kept(letterbox: Letterbox) -> None:
    ids = ["c", "a", "b"]
    for id_ in ids:
        assert (await letterbox.post(letterbox.body(id_=id_))).status_code == 204

    assert [row["notification_id"] for row in letterbox.rows()] == ids


@pytest.mark.parametrize("kind", sorted(FORGERIES))
async def test_a_forgery_is_refused_and_leaves_no_row(letterbox: Letterbox, kind: str) -> None:
    body, headers = FORGERIES[kind](letterbox.world.notices, letterbox.body(), random.Random(kind))

    answer = await letterbox.ebay.post(ADDRESS + "/anna", content=body, headers={"Content-Type": "application/json", **headers})

    assert answer.status_code == 412
    assert letterbox.rows() == []


async def test_a_signature_belongs_to_its_body_alone(letterbox: Letterbox) -> None:
    one, other = letterbox.body(id_="one"), letterbox.body(id_="other")

    answer = await letterbox.post(one, **{"X-EBAY-SIGNATURE": letterbox.world.notices.signature(other)})

    assert (answer.status_code, letterbox.rows()) == (412, [])


async def test_both_digests_of_ebays_are_taken(letterbox: Letterbox) -> None:
    for digest in ("SHA1", "SHA256"):
        letterbox.world.notices.digest = digest
        assert (await letterbox.post(letterbox.body(id_=digest))).status_code == 204

    assert len(letterbox.rows()) == 2


async def test_a_new_key_of_ebays_is_learned(letterbox: Letterbox) -> None:
    await letterbox.post(letterbox.body(id_="with the old key".replace(" ", "-")))
    letterbox.world.notices.rotate()

    answer = await letterbox.post(letterbox.body(id_="with-the-new-key"))

    assert answer.status_code == 204
    assert letterbox.world.calls["", "notification"] == 2


@pytest.mark.parametrize("length", ["1048577", "99999999999999999999999999"])
async def test_what_says_that_it_is_too_large_is_refused_unread(letterbox: Letterbox, length: str) -> None:
    read: list[bytes] = []

    async def body() -> Any:
        read.append(b"x")
        yield b"x"

    headers = {"X-EBAY-SIGNATURE": letterbox.world.notices.signature(b"x"), "Content-Length": length}
    answer = await letterbox.ebay.post(ADDRESS + "/anna", content=body(), headers=headers)

    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    assert len(read) <= 1  # what the transport had in its hand


async def test_an_endless_body_without_a_length_is_cut_off(letterbox: Letterbox) -> None:
    read = 0
    headers = [(b"x-ebay-signature", letterbox.world.notices.signature(b"x").encode()), (b"transfer-encoding", b"chunked")]
    scope = {"type": "http", "method": "POST", "path": ADDRESS, "raw_path": ADDRESS.encode(), "query_string": b"", "headers": headers}
    scope |= {"scheme": "https", "server": ("x", 443), "client": ("203.0.113.7", 1), "http_version": "1.1", "root_path": ""}
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        nonlocal read
        read += 65536
        return {"type": "http.request", "body": b"x" * 65536, "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    await letterbox.app(scope, receive, send)

    assert sent[0]["status"] == 413
    assert LARGEST < read <= LARGEST + 2 * 65536
    assert letterbox.rows() == []


async def test_a_body_without_a_length_is_as_good(letterbox: Letterbox) -> None:
    body = letterbox.body()
    headers = {"X-EBAY-SIGNATURE": letterbox.world.notices.signature(body)}

    answer = await letterbox.ebay.post(ADDRESS + "/anna", content=drip(body[:50], body[50:]), headers=headers)

    assert (answer.status_code, len(letterbox.rows())) == (204, 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"metadata": 1}',
        b'{"metadata": {"topic": ["x"]}}',
        b"\xff\xfe",
        b"[" * 5000,
        b'{"metadata": {"topic": "a b"}}',
    ],
)
async def test_what_ebay_signed_and_nobody_can_read_is_kept_as_that(letterbox: Letterbox, body: bytes) -> None:
    answers = [await letterbox.post(body), await letterbox.post(body)]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert [(row["topic"], row["state"], row["copies"]) for row in letterbox.rows()] == [("unreadable", "seen", 2)]


async def test_an_unknown_topic_is_seen_and_counted(letterbox: Letterbox) -> None:
    for id_ in ("one", "two"):
        assert (await letterbox.post(letterbox.body(topic="SOMETHING_NEW", id_=id_))).status_code == 204

    counted = letterbox.store.notifications.counts()
    assert [(row["topic"], row["state"], row["notifications"]) for row in counted] == [("SOMETHING_NEW", "seen", 2)]
    assert letterbox.rows()[0]["order_ids"] == []


@pytest.mark.parametrize("to", ["", "/nobody", "/no%20seller", "/" + "x" * 101])
async def test_of_nobody_whom_we_know_it_is_kept_unmapped(letterbox: Letterbox, to: str) -> None:
    answer = await letterbox.post(letterbox.body(), to=to)

    assert answer.status_code == 204
    assert [(row["seller_id"], row["state"]) for row in letterbox.rows()] == [(None, "unmapped")]


async def test_of_a_removed_seller_nothing_is_pending(letterbox: Letterbox) -> None:
    letterbox.store.sellers.remove("anna")

    await letterbox.post(letterbox.body())

    assert [row["state"] for row in letterbox.rows()] == ["unmapped"]


async def test_an_account_deletion_keeps_the_person_encrypted_and_for_no_seller(letterbox: Letterbox) -> None:
    person = {"username": "canary-buyer", "userId": "ma8vp1jySJC", "eiasToken": "nY+sHZ2PrBmdj6wV=="}

    await letterbox.post(letterbox.body(topic="MARKETPLACE_ACCOUNT_DELETION", data=person))

    (row,) = letterbox.rows()
    (reported,) = letterbox.store.notifications.of_topic("MARKETPLACE_ACCOUNT_DELETION")
    assert (row["seller_id"], row["state"], row["order_ids"]) == (None, "pending", [])
    assert b"canary" not in bytes(row["person"])
    assert reported.person == {"username": "canary-buyer", "user_id": "ma8vp1jySJC", "eias_token": "nY+sHZ2PrBmdj6wV=="}
    assert "canary" not in repr(reported)

    letterbox.store.notifications.end([reported.id])

    assert [(row["state"], row["person"]) for row in letterbox.rows()] == [("done", None)]


async def test_who_waits_to_be_forgotten_is_encrypted_anew_with_a_new_key(letterbox: Letterbox) -> None:
    await letterbox.post(letterbox.body(topic="MARKETPLACE_ACCOUNT_DELETION", data={"userId": "ma8vp1jySJC"}))
    old, new = KEY, Fernet.generate_key().decode()
    url = letterbox.store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    stores = [Store.connect(url, keys) for keys in ([new, old], [new])]

    rotated = [store.notifications.rotate() for store in stores]
    (reported,) = stores[1].notifications.of_topic("MARKETPLACE_ACCOUNT_DELETION")
    for store in stores:
        store.close()

    assert (rotated, reported.person["user_id"]) == ([1, 0], "ma8vp1jySJC")


async def test_without_postgres_ebay_is_to_send_again(world: World, ebay_url: str) -> None:
    store = Store.connect("postgresql://nobody:hunter2@127.0.0.1:1/db", ["A" * 43 + "="])
    box = Letterbox(store, world, ebay_url, database_url="postgresql://nobody:hunter2@127.0.0.1:1/db")

    answer = await box.post(box.body())
    await box.close()
    store.close()

    assert answer.status_code == 503
    assert "hunter2" not in answer.text


async def test_no_other_way_of_asking_is_answered(letterbox: Letterbox) -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        assert (await letterbox.ebay.request(method, ADDRESS)).status_code == 405
    assert (await letterbox.ebay.post(ADDRESS + "/anna/more", content=b"{}")).status_code == 404


async def test_nothing_of_a_person_reaches_the_log_or_the_row(letterbox: Letterbox, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    data = {
        "user": {"userId": "u-canary", "username": "canary-name"},
        "order": {"orderId": "03-1-1", "buyer": "canary-buyer", "note": "canary-note"},
    }
    body = letterbox.body(data=data)
    await letterbox.post(body)
    await letterbox.post(body + b" ")
    await letterbox.post(letterbox.body(topic="canary-topic", id_="2"))
    await letterbox.post(body, **{"X-EBAY-SIGNATURE": "canary-header"})

    reported = " ".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records if record.name.startswith("sellerbeat"))
    assert "notification kept" in reported
    assert "canary" not in reported
    stored = json.dumps([row for row in letterbox.rows() if row["topic"] == "ORDER_CONFIRMATION"], default=str)
    assert "canary" not in stored
