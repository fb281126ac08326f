"""The log of deliveries, page by page, and sending again, over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from domain.scopes import Scope
from outbound import Client, Policy
from store import Store
from tests.api.worked import token
from tests.deliveries.hand import Hand
from tests.store.documents import enroll
from tests.support.receivers import Receiver, answering
from tests.web.site import Site, refused

SENT_ONE = "DELETE FROM sellerbeat.redeliveries WHERE position = (SELECT min(position) FROM sellerbeat.redeliveries)"


@pytest.fixture
def delivered(store: Store, open_site: Callable[..., Site]) -> tuple[str, list[str]]:
    """Seven attempts, one of them refused: four changes of anna, two of bert. The endpoint, and the ids of the changes."""
    with Receiver(answering(204, 503, 204)) as receiver, closing(Client(Policy(loopback=True))) as client:
        hand = Hand(store, client)
        hand.enroll("anna", "bert")
        endpoint, _ = hand.endpoint(receiver.url, "order.*")
        ids = hand.change("anna", 4) + hand.change("bert", 2)
        hand.run_on(endpoint, "anna")
        hand.run_on(endpoint, "bert")
    return endpoint, ids


async def pages(site: Site, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after: int | None = None
    while True:
        page = (await site.program.get("/v1/deliveries", params={**query, **({"after": after} if after else {})})).json()
        found += page["deliveries"]
        assert len({row["id"] for row in found}) == len(found)
        if (after := page["next"]) is None:
            return found


async def test_pages_of_the_log_hold_every_attempt_once_the_newest_first(
    site: Site, store: Store, delivered: tuple[str, list[str]]
) -> None:
    endpoint, ids = delivered

    for limit in (1, 2, 7, 8):
        assert await pages(site, limit=limit) == store.deliveries.log()
    assert [row["event_id"] for row in reversed(await pages(site, limit=3, seller="bert"))] == ids[4:]
    (failed,) = await pages(site, failed=True, endpoint=endpoint)
    assert (failed["outcome"], failed["status"], failed["attempt"], failed["seller_id"]) == ("refused", 503, 1, "anna")


async def test_the_log_is_limited_to_types_and_to_a_time(site: Site, store: Store, delivered: tuple[str, list[str]]) -> None:
    every = store.deliveries.log()
    (failed,) = await pages(site, failed=True)

    assert await pages(site, type=["order.*", "alert.*"], limit=2) == every
    assert await pages(site, type="alert.*") == []
    assert await pages(site, since="1h") == every
    assert await pages(site, until="1h") == []
    assert await pages(site, since=failed["at"], seller="anna") == [
        row for row in every if row["seller_id"] == "anna" and row["at"] >= failed["at"]
    ]


async def test_a_token_of_some_sellers_reads_the_log_of_theirs(site: Site, store: Store, delivered: tuple[str, list[str]]) -> None:
    async with site.visitor(**token(store, Scope.READ, "anna")) as app:
        own = await app.get("/v1/deliveries?seller=anna")
        refused(await app.get("/v1/deliveries"), 403)
        refused(await app.get("/v1/deliveries?seller=bert"), 404)
        refused(await app.get(f"/v1/deliveries?endpoint={delivered[0]}"), 403)

    assert len(own.json()["deliveries"]) == 5
    assert "bert" not in own.text


async def test_a_token_of_some_sellers_is_not_told_which_endpoints_there_are(
    site: Site, store: Store, delivered: tuple[str, list[str]]
) -> None:
    unused, _ = store.endpoints.add("https://shop.example/hook", ["*"])
    async with site.visitor(**token(store, Scope.READ, "anna")) as app:
        answers = [await app.get(f"/v1/deliveries?seller=anna&endpoint={one}") for one in (unused, "ep-none")]

    assert [(one.status_code, one.json()) for one in answers] == [(200, {"deliveries": [], "next": None})] * 2
    refused(await site.program.get("/v1/deliveries?seller=anna&endpoint=ep-none"), 404)


async def test_changes_are_sent_again_by_id_by_range_and_by_seller(site: Site, store: Store, delivered: tuple[str, list[str]]) -> None:
    endpoint, ids = delivered
    position = store.deliveries.log(seller="anna")[0]["position"]

    async def replayed(**given: Any) -> int:
        answer = await site.program.post("/v1/replays", json=given)
        assert answer.status_code == 202, answer.text
        return int(answer.json()["messages"])

    assert await replayed(ids=ids[:2]) == 2
    assert await replayed(first=position, last=position) == 1
    assert await replayed(seller="bert", endpoint=endpoint) == 2
    assert await replayed(seller="bert", ids=ids[3:5]) == 1
    assert store.deliveries.waiting(endpoint).again == 5
    assert [(one["action"], one["seller_id"], one["after"]) for one in store.audit.read()][:2] == [
        ("replay", "bert", {"ids": 2}),
        ("replay", "bert", {}),
    ]


async def test_a_replay_is_counted_first_and_tells_how_far_it_is(site: Site, store: Store, delivered: tuple[str, list[str]]) -> None:
    endpoint, _ = delivered
    asked = {"types": ["order.*", "alert.*"], "since": "1h", "seller": "anna"}
    counted = await site.program.post("/v1/replays", json={**asked, "dry_run": True})
    nothing = store.deliveries.waiting(endpoint).again
    begun = (await site.program.post("/v1/replays", json=asked)).json()
    with store.engine.begin() as connection:
        connection.exec_driver_sql(SENT_ONE)
    progress = (await site.program.get(f"/v1/replays/{begun['id']}")).json()
    listed = (await site.program.get("/v1/replays?limit=1")).json()

    assert (counted.status_code, counted.json(), nothing) == (200, {"messages": 4, "id": None}, 0)
    assert begun["messages"] == 4
    assert {name: progress[name] for name in ("state", "messages", "queued", "sent", "seller", "types")} == {
        "state": "sending", "messages": 4, "queued": 4, "sent": 1, "seller": "anna", "types": ["order.*", "alert.*"],
    }  # fmt: skip
    assert (listed["replays"], listed["next"]) == ([progress], begun["id"])
    assert "there is no replay 999" in refused(await site.program.get("/v1/replays/999"), 404)
    async with site.visitor(**token(store, Scope.READ, "anna")) as app:
        refused(await app.get("/v1/replays"), 403)


async def test_a_replay_under_a_key_is_asked_for_once(site: Site, store: Store, delivered: tuple[str, list[str]]) -> None:
    first, again = [
        await site.program.post("/v1/replays", json={"ids": delivered[1][:1]}, headers={"Idempotency-Key": "k-1"}) for _ in range(2)
    ]

    assert (first.status_code, again.status_code, again.json()) == (202, 202, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert len(store.audit.read()) == 1


@pytest.mark.parametrize(
    ("given", "status", "named"),
    [
        ({}, 422, "name changes by ids"),
        ({"endpoint": "ep-1"}, 422, "name changes by ids"),
        ({"ids": []}, 422, "ids"),
        ({"ids": ["a b"]}, 422, "ids"),
        ({"ids": ["a"] * 1001}, 422, "ids"),
        ({"first": 0}, 422, "first"),
        ({"first": "1"}, 422, "first"),
        ({"first": 2**63}, 422, "first"),
        ({"first": 9, "last": 3}, 422, "last lies before first"),
        ({"since": "1h", "until": "2h"}, 422, "until lies before since"),
        ({"since": "soon"}, 422, "write 2h (ago)"),
        ({"types": ["orders.*"]}, 422, "types: "),
        ({"failed": 1}, 422, "failed"),
        ({"dry_run": True}, 422, "name changes by ids"),
        ({"seller": "anna", "colour": "red"}, 422, "colour"),
        ({"seller": "anna", "endpoint": "ep-none"}, 404, "no such endpoint"),
        ({"seller": "nobody"}, 404, "nobody"),
        ({"ids": ["none"]}, 404, "no change has the id none"),
    ],
)
async def test_what_is_not_there_or_makes_no_sense_is_not_sent_again(
    site: Site, store: Store, given: dict[str, Any], status: int, named: str
) -> None:
    enroll(store, "anna")

    assert named in refused(await site.program.post("/v1/replays", json=given), status)
    assert store.audit.read() == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=0", 422),
        ("limit=1001", 422),
        ("after=0", 422),
        ("failed=perhaps", 422),
        ("endpoint=ep-%00", 422),
        ("seller=a/b", 422),
        ("colour=red", 422),
        ("type=orders.*", 422),
        ("since=yesterday", 422),
        ("until=" + "9" * 41, 422),
        ("seller=nobody", 404),
        ("endpoint=ep-none", 404),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(site: Site, query: str, status: int) -> None:
    refused(await site.program.get(f"/v1/deliveries?{query}"), status)


async def test_only_an_admin_sends_again(site: Site, store: Store, delivered: tuple[str, list[str]]) -> None:
    for number, (scope, sellers) in enumerate([(Scope.FEED, []), (Scope.READ, []), (Scope.CONTROL, []), (Scope.ADMIN, ["anna"])]):
        async with site.visitor(**token(store, scope, *sellers, name=f"app-{number}")) as app:
            refused(await app.post("/v1/replays", json={"seller": "anna"}), 403)

    assert store.deliveries.waiting(delivered[0]).again == 0
