"""The page of the endpoints: what it shows, and its buttons."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from store import Store
from store.schema.kinds import AlertKind
from tests.deliveries.hand import change
from tests.store.documents import enroll
from tests.web.site import Site

URL = "https://shop.example.com/hooks?<b>&key=1"


@pytest.fixture
def endpoint(store: Store) -> str:
    enroll(store, "anna")
    endpoint, _ = store.endpoints.add(URL, ["order.*"])
    change(store, "anna", ["o-1", "o-2"])
    return endpoint


async def test_it_shows_the_state_what_waits_and_no_secret(site: Site, store: Store, endpoint: str) -> None:
    page = await site.page("/endpoints")

    assert f"{endpoint} on" in page.text
    assert URL in page.text
    assert "2 changes wait" in page.text
    assert "Nothing was sent yet." in page.text
    assert "whsec_" not in page.source
    assert store.endpoints.secrets(endpoint)[0] not in page.source


async def test_without_endpoints_it_says_how_to_add_one(site: Site) -> None:
    assert "starter.py endpoint add" in (await site.page("/endpoints")).text


async def test_it_shows_which_networks_are_open(open_site: Callable[..., Site]) -> None:
    named = open_site(delivery_networks="10.20.0.0/16:8080,[fd00:1::/64]:80-90")

    assert "private receivers at 10.20.0.0/16:8080 , [fd00:1::/64]:80-90 , by plain http too" in (await named.page("/endpoints")).text
    assert "private receivers" not in (await open_site().page("/endpoints")).text


async def test_it_is_switched_off_and_on(site: Site, store: Store, endpoint: str) -> None:
    pressed = await site.press("/endpoints", f"/endpoints/{endpoint}/disable")
    off = await site.page("/endpoints?done=disable")
    await site.press("/endpoints", f"/endpoints/{endpoint}/enable")

    assert (pressed.status_code, pressed.headers["location"]) == (303, "/endpoints?done=disable")
    assert "Off: by hand" in off.text
    assert "Switched off." in off.text
    assert store.endpoints.one(endpoint).state == "on"


async def test_changes_are_sent_again(site: Site, store: Store, endpoint: str) -> None:
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sellerbeat.delivery_lanes SET sequence = 2")
    positions = [event["position"] for event in store.feed.read(seller="anna")]

    await site.press("/endpoints", f"/endpoints/{endpoint}/replay", **{"from": str(positions[1]), "to": ""})
    one = store.deliveries.waiting(endpoint).again
    await site.press("/endpoints", f"/endpoints/{endpoint}/replay", seller="anna")

    assert (one, store.deliveries.waiting(endpoint).again) == (1, 2)
    assert "2 to be sent again" in (await site.page("/endpoints")).text


@pytest.mark.parametrize(
    ("act", "fields", "status"),
    [
        ("erase", {}, 404),
        ("replay", {}, 422),
        ("replay", {"from": "-1"}, 422),
        ("replay", {"to": "9" * 19}, 422),
        ("replay", {"from": "one"}, 422),
        ("replay", {"seller": "a/b"}, 422),
    ],
)
async def test_what_makes_no_sense_is_refused(site: Site, endpoint: str, act: str, fields: dict[str, str], status: int) -> None:
    form = (await site.page("/endpoints")).forms[f"/endpoints/{endpoint}/replay"]

    refused = await site.browser.post(f"/endpoints/{endpoint}/{act}", data=form | fields)

    assert refused.status_code == status


async def test_another_sites_form_a_stranger_and_an_unknown_endpoint_are_refused(site: Site, store: Store, endpoint: str) -> None:
    form = (await site.page("/endpoints")).forms[f"/endpoints/{endpoint}/disable"]

    forged = await site.browser.post(f"/endpoints/{endpoint}/disable", data={"form_token": "guessed"})
    elsewhere = await site.browser.post(f"/endpoints/{endpoint}/disable", data=form, headers={"Origin": "https://evil.example"})
    unknown = await site.browser.post("/endpoints/ep-none/disable", data=form)
    stranger = await site.visitor().get("/endpoints")

    assert (forged.status_code, elsewhere.status_code, unknown.status_code, stranger.status_code) == (403, 403, 404, 303)
    assert stranger.headers["location"] == "/login?next=%2Fendpoints"
    assert store.endpoints.one(endpoint).state == "on"


@pytest.mark.parametrize("id_", ["%00", "ep-%00", "%ED%A0%80", "ep-" + "0" * 500])
async def test_an_id_that_is_none_is_unknown(site: Site, endpoint: str, id_: str) -> None:
    form = (await site.page("/endpoints")).forms[f"/endpoints/{endpoint}/disable"] | {"from": "1"}

    answers = [await site.browser.post(f"/endpoints/{id_}/{act}", data=form) for act in ("disable", "replay")]

    assert [answer.status_code for answer in answers] == [404, 404]


async def test_an_alert_names_the_endpoint_and_what_to_do(site: Site, store: Store, endpoint: str) -> None:
    store.open_alert(AlertKind.ENDPOINT_OFF, f"endpoint {endpoint} is switched off", about=endpoint)

    page = await site.page("/")

    assert "starter.py endpoint enable ID" in page.text
    assert "docs/runbooks/endpoint_off.md" in page.text
    assert [link["href"] for link in page.all("a")].count("/endpoints") == 2  # at the top, and beside the alert
