"""The page of one endpoint, and the form that adds one: figures, buttons, and what is typed wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from outbound import Client, Policy
from store import Store
from tests.deliveries.hand import Hand, ids
from tests.support.receivers import Receiver, answering
from tests.web.site import Page, Site

URL = "http://127.0.0.1:9/hook"


@pytest.fixture
def near(open_site: Callable[..., Site]) -> Site:
    """A site that may deliver to this machine."""
    return open_site(delivery_loopback=True)


@pytest.fixture
def hand(store: Store) -> Iterator[Hand]:
    with closing(Client(Policy(loopback=True))) as client:
        yield Hand(store, client)


def acts(store: Store) -> list[tuple[str, str, str]]:
    return [(one["author"], one["action"], one["outcome"]) for one in reversed(store.audit.read()) if one["action"] != "login"]


async def test_an_endpoint_is_added_with_a_secret_that_is_shown_once(near: Site, store: Store) -> None:
    empty = await near.page("/endpoints")
    answer = await near.press("/endpoints", "/endpoints", url=URL, name="shop", types="order.*, alert.*", seller="")
    (one,) = store.endpoints.all()
    page = await near.page(f"/endpoints/{one.id}")

    assert "First add an endpoint" in empty.text
    assert answer.status_code == 200
    assert store.endpoints.secrets(one.id)[0] in Page(answer).text
    assert "no-store" in answer.headers["cache-control"]
    assert (one.name, one.types, one.thin) == ("shop", ("order.*", "alert.*"), False)
    assert store.endpoints.secrets(one.id)[0] not in page.source
    assert "shop on" in page.text
    assert acts(store) == [("page", "endpoint.add", "done")]


@pytest.mark.parametrize(
    ("field", "text", "status", "words"),
    [
        ("url", "http://10.0.0.1/", 422, "10.0.0.1"),
        ("types", "orders.*", 422, "did you mean order.*?"),
        ("name", "my shop", 422, "such as shop-app"),
        ("name", "TAKEN", 409, "Another endpoint is called TAKEN"),
        ("seller", "a/b", 422, "a seller id has 1 to 100"),
        ("seller", "nobody", 404, "nobody"),
    ],
)
async def test_what_is_typed_wrong_stands_in_the_form_again_with_what_is_wrong(
    near: Site, store: Store, field: str, text: str, status: int, words: str
) -> None:
    store.endpoints.add(URL, ["*"], name="taken")
    given = {"url": URL, "name": "shop", "types": "order.*", "seller": "", "thin": "yes", field: text}

    answer = await near.press("/endpoints", "/endpoints", **given)

    page = Page(answer)
    typed = {one["name"]: one["value"] for one in page.all("input") if one.get("name") in given and "value" in one}
    assert answer.status_code == status
    assert words in page.text
    assert typed | {name: given[name] for name in ("url", "name", "types", "seller")} == typed
    assert len(store.endpoints.all()) == 1


async def test_what_waits_for_hours_is_delivered_by_the_button(near: Site, store: Store, hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver(answering(503, 204, headers={"retry-after": "20000"})) as receiver:
        endpoint, _ = hand.endpoint(receiver.url, "order.*")
        awaited = hand.change("anna", orders=3)
        hand.run(endpoint)
        before = await near.page(f"/endpoints/{endpoint}")
        pressed = await near.press(f"/endpoints/{endpoint}", f"/endpoints/{endpoint}/deliver-now")
        hand.run(endpoint)
    after = await near.page(f"/endpoints/{endpoint}")

    assert "3 changes wait" in before.text
    assert re.search(r"Next try 20\d\d-\d\d-\d\d \d\d:\d\d UTC, in 6 h", before.text)
    assert "0 delivered, 1 failed (100.0 %)" in before.text
    assert "3 events that waited for a later try are sent now." in Page(pressed).text
    assert ids(receiver)[1:] == awaited
    assert "3 delivered, 1 failed (25.0 %)" in after.text
    assert acts(store) == [("page", "endpoint.retry", "done")]


async def test_a_test_says_how_it_was_answered_and_what_is_sent_now(near: Site, store: Store, hand: Hand) -> None:
    hand.enroll("anna")
    with Receiver(answering(503, 500, 204)) as receiver:
        endpoint, _ = hand.endpoint(receiver.url, "order.*")
        hand.change("anna", orders=2)
        hand.run(endpoint)
        path = f"/endpoints/{endpoint}"
        ill = Page(await near.press(path, f"{path}/test"))
        well = Page(await near.press(path, f"{path}/test", type="order.refunded"))
    silent = Page(await near.press(path, f"{path}/test"))
    wrong = await near.press(path, f"{path}/test", type="order.*")

    assert "It answered 500" in ill.text
    assert "Nothing else is sent." in ill.text
    assert "2 events that waited for a later try are sent now." in well.text
    assert b'"type":"order.refunded"' in receiver.posts[2].body
    assert "It was not reached" in silent.text
    assert wrong.status_code == 422


async def test_it_is_paused_resumed_changed_and_removed(near: Site, store: Store) -> None:
    endpoint, _ = store.endpoints.add(URL, ["*"])
    path = f"/endpoints/{endpoint}"

    await near.press(path, f"{path}/pause")
    paused = await near.page(f"{path}?done=pause")
    forms = paused.forms.keys()
    late = await near.browser.post(f"{path}/deliver-now", data=paused.forms[f"{path}/resume"])
    await near.press(path, f"{path}/resume")
    await near.press(path, f"{path}/change", name="shop", url=URL, types="order.*", thin="yes")
    changed = store.endpoints.one(endpoint)
    refused = await near.press(path, f"{path}/change", name="shop app", url=URL, types="order.*")
    unsure = await near.press(path, f"{path}/remove")
    removed = await near.press(path, f"{path}/remove", sure="yes")

    assert "Paused: nothing is sent." in paused.text
    assert (f"{path}/resume" in forms, f"{path}/deliver-now" in forms) == (True, False)
    assert (late.status_code, f"starter.py endpoint enable {endpoint}" in Page(late).text) == (409, True)
    assert (changed.name, changed.types, changed.thin, changed.state) == ("shop", ("order.*",), True, "on")
    assert (refused.status_code, 'value="shop app"' in refused.text) == (422, True)
    assert unsure.status_code == 422
    assert (removed.headers["location"], store.endpoints.all()) == ("/endpoints?done=remove", [])
    assert [one[1] for one in acts(store)] == [
        *("endpoint.disable", "endpoint.enable", "endpoint.change", "endpoint.remove"),
    ]  # fmt: skip


async def test_its_secret_rotates_and_is_shown_once(near: Site, store: Store) -> None:
    endpoint, old = store.endpoints.add(URL, ["*"], name="shop")
    path = f"/endpoints/{endpoint}"

    anew = Page(await near.press(path, f"{path}/rotate"))
    both = store.endpoints.secrets(endpoint)
    await near.press(path, f"{path}/drop-old")

    assert both[0] in anew.text
    assert old not in anew.text
    assert store.endpoints.secrets(endpoint) == both[:1]


async def test_a_stranger_another_site_and_an_unknown_endpoint_are_refused(near: Site, store: Store) -> None:
    endpoint, _ = store.endpoints.add(URL, ["*"])
    path = f"/endpoints/{endpoint}"
    form = (await near.page(path)).forms[f"{path}/rotate"]

    for act in ("pause", "resume", "deliver-now", "test", "change", "rotate", "drop-old", "remove"):
        forged = await near.browser.post(f"{path}/{act}", data={"form_token": "guessed", "sure": "yes"})
        elsewhere = await near.browser.post(f"{path}/{act}", data=form, headers={"Origin": "https://evil.example"})
        unknown = await near.browser.post(f"/endpoints/ep-none/{act}", data=form)
        nameless = await near.browser.post(f"/endpoints/%00/{act}", data=form)
        assert [one.status_code for one in (forged, elsewhere, unknown, nameless)] == [403, 403, 404, 404], act
    forged = await near.browser.post("/endpoints", data={"form_token": "guessed", "url": URL})
    stranger = await near.visitor().get(path)

    assert (forged.status_code, stranger.status_code) == (403, 303)
    assert (await near.browser.get("/endpoints/ep-none")).status_code == 404
    assert len(store.endpoints.secrets(endpoint)) == 1
