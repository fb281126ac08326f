"""One message over HTTP: how far it got, its attempts, its body without the buyer, and who may see the buyer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from domain.scopes import Scope
from outbound import Client, Policy
from store import Store
from store.schema.kinds import AlertKind
from tests.api.worked import token
from tests.deliveries.hand import Hand, replay
from tests.domain.changes.documents import order
from tests.support.canary import BUYER, put_buyer
from tests.support.canary import found as leaks
from tests.support.receivers import Receiver, answering
from tests.web.site import Site, refused


@dataclass
class Sent:
    """Two changes of anna: the first refused once and then taken, the second refused and waiting; `quiet` wants alerts alone."""

    hand: Hand
    endpoint: str
    quiet: str
    first: str
    second: str


@pytest.fixture
def sent(store: Store, open_site: Callable[..., Site]) -> Sent:
    document = order()
    put_buyer(document)
    of_buyer = ("buyer", "buyerCheckoutNotes", "fulfillmentStartInstructions")
    with Receiver(answering(503, 204, 500)) as receiver, closing(Client(Policy(loopback=True))) as client:
        hand = Hand(store, client)
        hand.enroll("anna", "bert")
        endpoint, _ = hand.endpoint(receiver.url, "order.*")
        quiet, _ = hand.endpoint(receiver.url, "alert.*")
        first, second = hand.change("anna", 2, **{name: document[name] for name in of_buyer})
        hand.run(endpoint)
        hand.pass_time(minutes=1)
        hand.run(endpoint)
    return Sent(hand, endpoint, quiet, first, second)


async def read(site: Site, id_: str, query: str = "") -> dict[str, Any]:
    answer = await site.program.get(f"/v1/deliveries/{id_}{query}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_message_tells_how_far_it_got_and_each_attempt(site: Site, store: Store, sent: Sent) -> None:
    first, second = await read(site, sent.first), await read(site, sent.second)
    third = await read(site, sent.hand.change("anna")[0])
    store.endpoints.switch_off(sent.endpoint)
    stopped = await read(site, sent.second)

    assert [(one["outcome"], one["status"], one["attempt"]) for one in first["attempts"]] == [("delivered", 204, 2), ("refused", 503, 1)]
    (taken,), (failing,), (waiting,) = first["endpoints"], second["endpoints"], third["endpoints"]
    assert (taken["endpoint_id"], taken["state"], taken["attempts"], taken["next_at"]) == (sent.endpoint, "delivered", 2, None)
    assert (failing["state"], failing["before"], failing["next_at"] is not None) == ("failing", 0, True)
    assert (waiting["state"], waiting["before"], waiting["next_at"] is not None) == ("waiting", 1, True)
    assert stopped["endpoints"][0]["state"] == "off"


async def test_a_message_that_is_sent_again_says_so(site: Site, sent: Sent) -> None:
    replay(sent.hand.store, ids=(sent.first,))

    (way,) = (await read(site, sent.first))["endpoints"]

    assert (way["state"], way["before"]) == ("again", 0)


async def test_an_alert_of_the_fleet_is_a_message_too(site: Site, store: Store, sent: Sent) -> None:
    store.open_alert(AlertKind.ENDPOINT_OFF, "it is off", about="ep-1")
    (event,) = [one for one in store.feed.read() if one["seller_id"] is None]

    found = await read(site, event["id"])

    assert (found["seller_id"], [(one["endpoint_id"], one["state"]) for one in found["endpoints"]]) == (None, [(sent.quiet, "waiting")])
    assert found["hidden"] == []


async def test_the_buyer_is_hidden_until_asked_for_and_who_asked_stands_in_the_audit(site: Site, store: Store, sent: Sent) -> None:
    hidden = await read(site, sent.first)
    acts = store.audit.read()
    shown = await read(site, sent.first, "?reveal=true")

    assert leaks(BUYER.values(), {"body": str(hidden).encode()}) == []
    assert "data.buyer.username" in hidden["hidden"]
    assert acts == []
    assert shown["body"]["data"] == next(one for one in store.feed.read() if one["id"] == sent.first)
    assert (shown["hidden"], shown["revealed"]) == ([], True)
    (act,) = store.audit.read()
    assert (act["action"], act["author"], act["seller_id"], act["subject"]) == (
        "delivery.reveal",
        "token:ADMIN_TOKEN",
        "anna",
        sent.first,
    )


async def test_what_was_erased_stays_erased(site: Site, store: Store, sent: Sent) -> None:
    store.erasing.buyer(BUYER["username"])

    shown = await read(site, sent.first, "?reveal=true")

    assert leaks(BUYER.values(), {"body": str(shown).encode()}) == []
    assert shown["body"]["data"]["data"]["buyer"]["username"] == ""


async def test_only_an_admin_sees_a_body_and_a_narrowed_token_its_sellers(site: Site, store: Store, sent: Sent) -> None:
    own, other = sent.first, sent.hand.change("bert")[0]
    async with site.visitor(**token(store, Scope.READ, name="reader")) as app:
        read_only = (await app.get(f"/v1/deliveries/{own}")).json()
        assert "scope admin" in refused(await app.get(f"/v1/deliveries/{own}?reveal=true"), 403)
    async with site.visitor(**token(store, Scope.ADMIN, "anna", name="anna-only")) as app:
        narrowed = (await app.get(f"/v1/deliveries/{own}?reveal=true")).json()
        refused(await app.get(f"/v1/deliveries/{other}"), 404)
    async with site.visitor(**token(store, Scope.FEED, name="feeder")) as app:
        refused(await app.get(f"/v1/deliveries/{own}"), 403)

    assert (read_only["body"], len(read_only["attempts"])) == (None, 2)
    assert narrowed["body"]["data"]["id"] == own


async def test_an_id_that_is_none_is_unknown(site: Site, store: Store, sent: Sent) -> None:
    assert "no change has the id none" in refused(await site.program.get("/v1/deliveries/none?reveal=true"), 404)
    refused(await site.program.get("/v1/deliveries/%00"), 422)
    refused(await site.program.get(f"/v1/deliveries/{sent.first}?colour=red"), 422)
    assert store.audit.read() == []
