"""Endpoints over HTTP: made with a secret that is shown once, changed, tried, switched, and removed; who may, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

from standardwebhooks import Webhook

from domain.scopes import Scope
from outbound import Client, Policy
from store import Store
from store.schema.kinds import AlertKind
from tests.api.worked import token
from tests.deliveries.hand import Hand, change
from tests.store.documents import enroll
from tests.support.receivers import Receiver, answering
from tests.web.site import Site, refused

NOWHERE = "http://127.0.0.1:9/hook?key=secret-in-the-path"
TERMS = {"url": NOWHERE, "types": ["order.*"]}


async def made(site: Site, **given: Any) -> dict[str, Any]:
    answer = await site.program.post("/v1/endpoints", json={**TERMS, **given})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def acts(store: Store) -> list[tuple[str, str, str | None, Any, Any]]:
    """What the audit has, the oldest first."""
    return [(one["author"], one["action"], one["subject"], one["before"], one["after"]) for one in reversed(store.audit.read())]


async def test_an_endpoint_is_made_with_a_secret_that_is_shown_once(site: Site, store: Store) -> None:
    enroll(store, "anna")
    answer = await site.program.post("/v1/endpoints", json={**TERMS, "seller": "anna", "thin": True})
    one = answer.json()
    shown = await site.program.get(answer.headers["location"])
    everybody = await site.program.get("/v1/endpoints")

    assert answer.status_code == 201
    assert store.endpoints.secrets(one["id"]) == [one["secret"]]
    terms = {"url": NOWHERE, "types": ["order.*"], "seller_id": "anna", "thin": True}
    assert one == {"id": one["id"], "name": None, "kind": "webhook", **terms, "secret": one["secret"]}
    assert shown.json() == everybody.json()["endpoints"][0]
    assert shown.json().items() >= {"id": one["id"], "url": NOWHERE, "state": "on", "waiting": 0, "last": None, "seller_id": "anna"}.items()
    assert "whsec_" not in shown.text + everybody.text


async def test_a_repeated_write_makes_one_endpoint_and_shows_no_secret_again(site: Site, store: Store) -> None:
    first, again, other = [
        await site.program.post("/v1/endpoints", json={**TERMS, "thin": thin}, headers={"Idempotency-Key": "k-1"})
        for thin in (False, False, True)
    ]
    endpoint = first.json()["id"]
    anew = [await site.program.post(f"/v1/endpoints/{endpoint}/rotate", headers={"Idempotency-Key": "k-2"}) for _ in range(2)]

    assert "shown once" in refused(again, 409)
    assert again.json()["code"] == "done_already"
    refused(other, 422)
    assert [one.status_code for one in anew] == [200, 409]
    assert len(store.endpoints.all()) == 1
    assert len(store.endpoints.secrets(endpoint)) == 2
    assert "whsec_" not in again.text + anew[1].text
    with store.engine.connect() as connection:
        assert {row[0] for row in connection.exec_driver_sql("SELECT answer FROM sellerbeat.idempotency_keys")} == {None}


async def test_what_is_left_out_of_a_change_stays(site: Site, store: Store) -> None:
    one = await made(site)
    path = f"/v1/endpoints/{one['id']}"

    typed = (await site.program.patch(path, json={"types": ["order.created,alert.*"]})).json()
    thinned = (await site.program.patch(path, json={"thin": True})).json()
    moved = (await site.program.patch(path, json={"url": "http://127.0.0.1:10/"})).json()

    assert (typed["types"], typed["url"], typed["thin"]) == (["order.created", "alert.*"], NOWHERE, False)
    assert (thinned["types"], thinned["url"], thinned["thin"]) == (["order.created", "alert.*"], NOWHERE, True)
    assert (moved["types"], moved["url"], moved["thin"]) == (["order.created", "alert.*"], "http://127.0.0.1:10/", True)
    assert store.endpoints.secrets(one["id"]) == [one["secret"]]


async def test_a_name_is_of_one_endpoint_whatever_the_case_of_its_letters(site: Site, store: Store) -> None:
    one, other = await made(site, name="Shop"), await made(site)

    taken = await site.program.post("/v1/endpoints", json={**TERMS, "name": "shop"})
    renamed = await site.program.patch(f"/v1/endpoints/{other['id']}", json={"name": "SHOP"})
    same = await site.program.patch(f"/v1/endpoints/{one['id']}", json={"name": "shop"})
    like_an_id = await site.program.post("/v1/endpoints", json={**TERMS, "name": "ep-1f2e3d4c"})
    wrong = await site.program.post("/v1/endpoints", json={**TERMS, "name": "my shop"})

    assert "another endpoint is called shop" in refused(taken, 409)
    assert taken.json()["code"] == "name_taken"
    refused(renamed, 409)
    assert (same.json()["name"], store.endpoints.one("sHoP").id) == ("shop", one["id"])
    assert "taken for an id" in refused(like_an_id, 422)
    refused(wrong, 422)
    assert len(store.endpoints.all()) == 2


async def test_how_the_last_day_went_is_shown_with_the_next_try(site: Site, store: Store) -> None:
    with Receiver(answering(204, 500, headers={"retry-after": "7200"})) as receiver, closing(Client(Policy(loopback=True))) as client:
        hand = Hand(store, client)
        hand.enroll("anna")
        endpoint = (await made(site, url=receiver.url))["id"]
        hand.change("anna", orders=2)
        hand.run(endpoint)
    shown = (await site.program.get(f"/v1/endpoints/{endpoint}")).json()

    day = shown["day"]
    assert (day["delivered"], day["failed"], day["failure_rate"], shown["last"]["status"]) == (1, 1, 0.5, 500)
    assert 0 < day["median_ms"] <= day["p95_ms"]
    assert shown["next_try_at"] > shown["last"]["at"] > day["since"]


async def test_another_address_gets_what_the_former_one_did_not_take_at_once(site: Site, store: Store) -> None:
    with Receiver(answering(500)) as sick, Receiver(answering(204)) as well, closing(Client(Policy(loopback=True))) as client:
        hand = Hand(store, client)
        hand.enroll("anna")
        endpoint = (await made(site, url=sick.url))["id"]
        (change_id,) = hand.change("anna")
        hand.run(endpoint)
        store.open_alert(AlertKind.ENDPOINT_FAILING, "it fails", about=endpoint)
        failing = (await site.program.get(f"/v1/endpoints/{endpoint}")).json()
        moved = (await site.program.patch(f"/v1/endpoints/{endpoint}", json={"url": well.url})).json()
        hand.run(endpoint)
        shown = (await site.program.get(f"/v1/endpoints/{endpoint}")).json()

    assert (failing["state"], failing["waiting"], failing["last"]["status"]) == ("failing", 1, 500)
    assert (moved["state"], moved["waiting"], moved["failing_since"]) == ("on", 1, None)
    assert [post.headers["webhook-id"] for post in well.posts] == [change_id]
    assert (shown["state"], shown["waiting"], shown["last"]["status"], shown["failing_since"]) == ("on", 0, 204, None)
    assert store.alerts() == []


async def test_a_retry_delivers_what_waits_now_and_forgets_not_since_when_it_fails(site: Site, store: Store) -> None:
    with Receiver(answering(500, 500, 204)) as receiver, closing(Client(Policy(loopback=True))) as client:
        hand = Hand(store, client)
        hand.enroll("anna")
        endpoint = (await made(site, url=receiver.url))["id"]
        hand.change("anna")
        hand.run(endpoint)
        hand.pass_time(seconds=20)
        hand.run(endpoint)
        early = hand.run(endpoint)
        since, asleep = store.endpoints.one(endpoint).failing_since, store.backlog.behind()
        answer = await site.program.post(f"/v1/endpoints/{endpoint}/retry")
        awake = store.backlog.behind()
        hand.run(endpoint)

    assert early.wait_s
    assert (asleep, awake) == (set(), {(endpoint, "anna")})  # whom the dispatcher wakes
    assert len(receiver.posts) == 3
    assert (answer.status_code, answer.json()["state"], answer.json()["waiting"], answer.json()["freed"]) == (200, "failing", 1, 1)
    assert answer.json()["failing_since"].startswith(f"{since:%Y-%m-%dT%H:%M:%S}")
    assert store.endpoints.one(endpoint).state == "on"


async def test_what_is_switched_off_is_not_retried_and_catches_up_when_it_is_on(site: Site, store: Store) -> None:
    enroll(store, "anna")
    path = f"/v1/endpoints/{(await made(site))['id']}"
    off = await site.program.post(f"{path}/disable")
    change(store, "anna", ["o-1"])

    assert (off.json()["state"], off.json()["off_reason"]) == ("off", "by hand")
    assert "starter.py endpoint enable ep-" in refused(await site.program.post(f"{path}/retry"), 409)
    on = (await site.program.post(f"{path}/enable")).json()
    assert (on["state"], on["waiting"]) == ("on", 1)


async def test_its_secret_rotates(site: Site, store: Store) -> None:
    one = await made(site)
    path = f"/v1/endpoints/{one['id']}/rotate"

    anew = (await site.program.post(path)).json()
    both = store.endpoints.secrets(one["id"])
    dropped = (await site.program.post(path, json={"drop_old": True})).json()

    assert (anew["dropped"], both) == (0, [anew["secret"], one["secret"]])
    assert dropped == {"id": one["id"], "secret": None, "dropped": 1}
    assert store.endpoints.secrets(one["id"]) == [anew["secret"]]


async def test_a_test_event_is_signed_and_its_answer_is_told_whatever_it_is(site: Site, open_site: Callable[..., Site]) -> None:
    with Receiver(answering(204, 410)) as receiver:
        one = await made(site, url=receiver.url)
        path = f"/v1/endpoints/{one['id']}/test"
        well, gone = [(await site.program.post(path)).json() for _ in range(2)]
    silent = (await site.program.post(path)).json()
    strict = (await open_site().program.post(path)).json()

    content = Webhook(one["secret"]).verify(receiver.posts[0].body, dict(receiver.posts[0].headers))
    assert content["type"] == "endpoint.test"
    assert (well["outcome"], well["status"], well["event_id"]) == ("delivered", 204, receiver.posts[0].headers["webhook-id"])
    assert (gone["outcome"], gone["status"]) == ("gone", 410)
    assert (silent["outcome"], silent["status"], silent["kind"]) == ("unanswered", None, "refused")
    assert (strict["outcome"], strict["status"]) == ("forbidden", None)
    assert len(receiver.posts) == 2


async def test_a_test_that_is_taken_sends_what_waits_and_one_that_is_not_sends_nothing(site: Site, store: Store) -> None:
    with Receiver(answering(500, 503, 204)) as receiver, closing(Client(Policy(loopback=True))) as client:
        hand = Hand(store, client)
        hand.enroll("anna")
        endpoint = (await made(site, url=receiver.url))["id"]
        awaited = hand.change("anna", orders=3)
        hand.run(endpoint)
        ill = (await site.program.post(f"/v1/endpoints/{endpoint}/test")).json()
        asleep = store.backlog.behind()
        well = (await site.program.post(f"/v1/endpoints/{endpoint}/test")).json()
        hand.run(endpoint)
        await site.program.post(f"/v1/endpoints/{endpoint}/disable")
        off = (await site.program.post(f"/v1/endpoints/{endpoint}/test")).json()

    assert (ill["status"], ill["freed"], asleep) == (503, 0, set())
    assert (well["status"], well["freed"]) == (204, 3)
    assert [post.headers["webhook-id"] for post in receiver.posts[3:-1]] == awaited
    assert (off["status"], off["freed"]) == (204, 0)


async def test_it_is_removed_with_all_that_is_stored_of_it(site: Site, store: Store) -> None:
    path = f"/v1/endpoints/{(await made(site))['id']}"

    removed = await site.program.delete(path)

    assert (removed.status_code, removed.content) == (204, b"")
    assert (await site.program.get("/v1/endpoints")).json() == {"endpoints": []}
    assert refused(await site.program.delete(path), 404)


async def test_every_act_stands_in_the_audit_without_a_secret_and_without_a_path(site: Site, store: Store) -> None:
    enroll(store, "anna")
    async with site.visitor(**token(store, Scope.ADMIN)) as app:
        endpoint = (await app.post("/v1/endpoints", json=TERMS)).json()["id"]
        path = f"/v1/endpoints/{endpoint}"
        await app.patch(path, json={"url": "http://127.0.0.1:10/other-secret", "thin": True})
        for act in ("disable", "enable", "retry", "rotate", "test"):
            assert (await app.post(f"{path}/{act}")).status_code == 200
        await app.post(f"{path}/rotate", json={"drop_old": True})
        await app.post("/v1/replays", json={"seller": "anna", "endpoint": endpoint})
        await app.delete(path)
    await site.program.post("/v1/endpoints", json={**TERMS, "seller": "nobody"})

    whole, moved = {"url": "http://127.0.0.1:9", "types": ["order.*"], "thin": False}, {"url": "http://127.0.0.1:10", "thin": True}
    found = acts(store)
    assert {one[:1] + one[2:3] for one in found[:-1]} == {("token:app", endpoint)}
    assert [one[1:2] + one[3:] for one in found] == [
        ("endpoint.add", None, whole),
        ("endpoint.change", {"url": "http://127.0.0.1:9", "thin": False}, moved),
        ("endpoint.disable", {"state": "on"}, {"state": "off"}),
        ("endpoint.enable", {"state": "off"}, {"state": "on"}),
        ("endpoint.retry", None, None),
        ("endpoint.rotate", None, None),
        ("endpoint.test", None, None),
        ("endpoint.drop_old", None, None),
        ("replay", None, {}),
        ("endpoint.remove", whole | moved, None),
        ("endpoint.add", None, whole),
    ]
    rows = store.audit.read()
    assert [row["outcome"] for row in rows] == ["failed"] + ["done"] * 10
    assert "secret" not in str(rows)
