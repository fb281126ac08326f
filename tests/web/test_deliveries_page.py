"""The log of what was sent, on its page: filters, links, and pages."""

from __future__ import annotations

from contextlib import closing

import pytest

from outbound import Client, Policy
from pages import deliveries
from store import Store
from tests.deliveries.hand import Hand
from tests.support.receivers import Receiver, answering
from tests.web.site import Site


@pytest.fixture
def delivered(store: Store) -> tuple[str, list[str]]:
    """An endpoint, and the ids of two changes of anna, the first refused once, and of one of bert."""
    with Receiver(answering(503, 204)) as receiver, closing(Client(Policy(loopback=True))) as client:
        hand = Hand(store, client)
        hand.enroll("anna", "bert")
        endpoint, _ = hand.endpoint(receiver.url, "order.*")
        ids = hand.change("anna", 2, buyer={"username": "tweety4711user"}) + hand.change("bert")
        hand.run_on(endpoint, "anna")
        hand.run_on(endpoint, "bert")
    return endpoint, ids


async def test_the_log_shows_what_is_asked_for(site: Site, store: Store, delivered: tuple[str, list[str]]) -> None:
    endpoint, _ = delivered
    positions = {str(row["position"]) for row in store.deliveries.log(seller="bert")}

    every = await site.page("/deliveries")
    failed = await site.page("/deliveries?failed=true&seller=anna&type=order.*&since=1h&until=")
    bert = await site.page(f"/deliveries?seller=bert&endpoint={endpoint}")
    none = await site.page("/deliveries?until=1h")

    assert every.source.count("<tr") == 5
    assert failed.source.count("<tr") == 2
    assert "refused (503)" in failed.text
    assert bert.source.count("<tr") == 2
    assert all(f"{position} order.created" in bert.text for position in positions)
    assert "No such deliveries" in none.text
    assert "Nothing was sent yet" not in none.text


async def test_older_ones_are_a_link_away(site: Site, delivered: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliveries, "ROWS", 3)
    first = await site.page("/deliveries?type=order.*")
    (older,) = [link["href"] for link in first.all("a") if link.get("rel") == "next"]
    second = await site.page(older)

    assert older.startswith("/deliveries?type=order.%2A&before=")
    assert (first.source.count("<tr"), second.source.count("<tr")) == (4, 2)
    assert "/deliveries?type=order.%2A" in [link["href"] for link in second.all("a")]  # the newest again


async def test_sellers_and_endpoints_lead_to_theirs(site: Site, delivered: tuple[str, list[str]]) -> None:
    endpoint, _ = delivered

    assert "/deliveries?seller=anna" in [link["href"] for link in (await site.page("/sellers/anna")).all("a")]
    assert f"/deliveries?endpoint={endpoint}" in [link["href"] for link in (await site.page("/endpoints")).all("a")]


async def test_a_message_is_shown_without_the_buyer_until_the_button_is_pressed(
    site: Site, store: Store, delivered: tuple[str, list[str]]
) -> None:
    _, (first, *_) = delivered
    log = await site.page("/deliveries")
    page = await site.page(f"/deliveries/{first}")
    pressed = await site.press(f"/deliveries/{first}", f"/deliveries/{first}/reveal")
    forged = await site.browser.post(f"/deliveries/{first}/reveal", data={"form_token": "guessed"})

    assert f"/deliveries/{first}" in [link["href"] for link in log.all("a")]
    assert "refused (503)" in page.section("h-attempts")
    assert "(it was taken)" in page.section("h-endpoints")
    assert page.section("h-body").count("(hidden)") > 0
    assert (pressed.status_code, forged.status_code) == (200, 403)
    assert "tweety4711user" not in page.source
    assert "tweety4711user" in pressed.text
    assert pressed.headers["cache-control"] == "no-store"
    (act,) = store.audit.read(action="delivery.*")
    assert (act["author"], act["action"], act["subject"]) == ("page", "delivery.reveal", first)


@pytest.mark.parametrize("id_", ["none", "%00", "%ED%A0%80", "e" * 101])
async def test_a_message_that_is_none_is_unknown(site: Site, id_: str) -> None:
    await site.login()

    assert (await site.browser.get(f"/deliveries/{id_}")).status_code == 404


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("since=yesterday", 422),
        ("type=orders.*", 422),
        ("seller=a/b", 422),
        ("before=0", 422),
        ("endpoint=ep-none", 200),  # removed, with its log
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(site: Site, query: str, status: int) -> None:
    await site.login()

    assert (await site.browser.get(f"/deliveries?{query}")).status_code == status


async def test_a_stranger_is_led_to_the_login(site: Site) -> None:
    assert (await site.visitor().get("/deliveries")).headers["location"] == "/login?next=%2Fdeliveries"


async def test_a_replay_is_counted_then_confirmed_and_shown_with_its_progress(
    site: Site, store: Store, delivered: tuple[str, list[str]]
) -> None:
    endpoint, _ = delivered
    counted = await site.page(f"/replays?count=true&seller=anna&since=1h&type=&endpoint={endpoint}")
    nothing = store.deliveries.waiting(endpoint).again
    pressed = await site.browser.post("/replays", data=counted.forms["/replays"])
    (replay,) = store.replays.page()
    begun = await site.page(pressed.headers["location"])
    none = await site.page("/replays?count=true&until=1h")

    assert "2 messages would be sent again" in counted.text
    assert nothing == 0
    assert (pressed.status_code, pressed.headers["location"]) == (303, f"/replays?done={replay['id']}")
    assert "0 of 2 sent, sending" in begun.section("h-replays")
    assert f"all types of anna to {endpoint}, from " in begun.section("h-replays")
    assert "Nothing to send again" in none.text
    (act,) = store.audit.read(action="replay")
    assert (act["author"], act["seller_id"], act["subject"], list(act["after"])) == ("page", "anna", endpoint, ["since"])


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 422),
        ({"since": "soon"}, 422),
        ({"since": "1h", "until": "2h"}, 422),
        ({"type": "orders.*"}, 422),
        ({"seller": "a/b"}, 422),
        ({"seller": "nobody"}, 404),
        ({"failed": "true", "endpoint": "ep-none"}, 404),
        ({"failed": "true", "form_token": "guessed"}, 403),
    ],
)
async def test_a_replay_of_nothing_or_by_nobody_is_refused(site: Site, store: Store, fields: dict[str, str], status: int) -> None:
    form = (await site.page("/endpoints")).forms["/logout"]

    assert (await site.browser.post("/replays", data=form | fields)).status_code == status
    assert store.replays.page() == []
