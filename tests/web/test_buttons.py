"""The buttons: each is a signal to the seller's workflow, whoever presses it how often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from store import Store
from tests.store.documents import enroll
from tests.web.site import Site
from workflows.client import handle

ACTS = ("pause", "poll-now", "speed-up")


@pytest.fixture
def site(open_site: Callable[..., Site], store: Store, temporal: Client, temporal_address: str) -> Site:
    """With Temporal, where `temporal` clears up behind us."""
    enroll(store, "anna")
    return open_site(temporal_address)


async def signals(client: Client, seller: str = "anna") -> list[tuple[str, Any]]:
    """What a seller's workflow was told."""
    reported = []
    async for event in handle(client, seller).fetch_history_events():
        if event.HasField("workflow_execution_signaled_event_attributes"):
            signal = event.workflow_execution_signaled_event_attributes
            reported.append((signal.signal_name, [*await client.data_converter.decode(signal.input.payloads)]))
    return reported


async def test_every_button_tells_the_workflow_and_leads_back_to_the_page(site: Site, temporal: Client) -> None:
    fields = {"pause": {"reason": "  lunch\r\n <b>time</b> "}, "speed-up": {"every": "10s", "for": "1h"}}
    forms = (await site.page("/sellers/anna")).forms
    for act in ACTS:
        pressed = await site.browser.post(f"/sellers/anna/{act}", data=forms[f"/sellers/anna/{act}"] | fields.get(act, {}))
        assert (pressed.status_code, pressed.headers["location"]) == (303, f"/sellers/anna?done={act}")

    assert await signals(temporal) == [
        ("pause", [{"reason": "lunch <b>time</b>", "until": None, "by": "page"}]),
        ("poll_now", [{"stream": None}]),
        ("speed_up", [{"every": "PT10S", "lasting": "PT1H", "by": "page"}]),
    ]


@pytest.mark.parametrize(("chosen", "hours"), [("1h", 1), ("6h", 6), ("1d", 24), ("7d", 168)])
async def test_a_pause_may_be_given_an_end(site: Site, temporal: Client, chosen: str, hours: int) -> None:
    asked = datetime.now(UTC)

    pressed = await site.press("/sellers/anna", "/sellers/anna/pause", **{"for": chosen})

    assert pressed.status_code == 303
    [(_, [message])] = await signals(temporal)
    lasting = datetime.fromisoformat(message["until"]) - asked
    assert timedelta(hours=hours) <= lasting < timedelta(hours=hours, minutes=1)
    assert message["by"] == "page"


async def test_a_form_of_before_pauses_until_somebody_resumes(site: Site, temporal: Client) -> None:
    """A page that was open when web was replaced has no such field."""
    form = (await site.page("/sellers/anna")).forms["/sellers/anna/pause"]

    await site.browser.post("/sellers/anna/pause", data={name: value for name, value in form.items() if name != "for"})

    assert (await signals(temporal))[0][1][0]["until"] is None


async def test_a_paused_seller_has_the_button_to_resume(site: Site, store: Store, temporal: Client) -> None:
    store.save_overrides("anna", {"paused": "holiday"})

    page = await site.page("/sellers/anna")
    pressed = await site.press("/sellers/anna", "/sellers/anna/resume")

    assert [act for act in page.forms if act.startswith("/sellers/anna/")] == ["/sellers/anna/resume"]
    assert pressed.status_code == 303
    assert await signals(temporal) == [("resume", [])]


async def test_the_page_says_what_was_pressed(site: Site) -> None:
    assert "Paused." in (await site.page("/sellers/anna?done=pause")).text
    assert "evil" not in (await site.page("/sellers/anna?done=<b>evil</b>")).source


async def test_twenty_presses_at_once_are_all_taken(site: Site, temporal: Client) -> None:
    form = (await site.page("/sellers/anna")).forms["/sellers/anna/pause"]

    pressed = await asyncio.gather(*(site.browser.post("/sellers/anna/pause", data=form) for _ in range(20)))

    assert {answer.status_code for answer in pressed} == {303}
    assert await signals(temporal) == [("pause", [{"reason": "by hand", "until": None, "by": "page"}])] * 20


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/sellers/anna/erase", {}, 404),
        ("/sellers/carl/pause", {}, 404),
        ("/sellers/a%0ab/pause", {}, 404),
        ("/sellers/%00/pause", {}, 404),
        ("/sellers/anna/pause", {"reason": "x" * 201}, 422),
        ("/sellers/anna/pause", {"reason": "x" * 10_000}, 413),
        ("/sellers/anna/pause", {"for": "9000d"}, 422),
        ("/sellers/anna/pause", {"for": ""}, 422),
        ("/sellers/anna/speed-up", {}, 422),
        ("/sellers/anna/speed-up", {"every": "0s", "for": "10m"}, 422),
        ("/sellers/anna/speed-up", {"every": "10s", "for": "9000d"}, 422),
        ("/sellers/anna/pause", {f"field-{n}": "" for n in range(30)}, 422),
    ],
)
async def test_what_cannot_be_done_has_its_code(site: Site, path: str, fields: dict[str, str], status: int) -> None:
    form = (await site.page("/sellers/anna")).forms["/sellers/anna/pause"]

    answer = await site.browser.post(path, data={**form, **fields})

    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"content-type": "application/json"}, b"{}", 415),
        ({}, b"a=1", 415),
        ({"content-type": "application/x-www-form-urlencoded"}, b"\xff\xfe", 422),
        ({"content-type": "application/x-www-form-urlencoded"}, b"form_token=%ff", 422),
        ({"content-type": "application/x-www-form-urlencoded"}, b"nonsense", 422),
        ({"content-type": "application/x-www-form-urlencoded"}, b"a=" + b"x" * 1_000_000, 413),
    ],
)
async def test_a_body_that_is_no_form_is_refused(site: Site, headers: dict[str, str], body: bytes, status: int) -> None:
    await site.login()

    for path in ("/sellers/anna/pause", "/login", "/logout"):
        answer = await site.browser.post(path, content=body, headers=headers)
        assert answer.status_code == status, path


async def test_a_removed_seller_has_no_buttons_and_takes_none(site: Site, store: Store) -> None:
    form = (await site.page("/sellers/anna")).forms["/sellers/anna/pause"]
    store.sellers.remove("anna")

    page, pressed = await site.page("/sellers/anna"), await site.browser.post("/sellers/anna/pause", data=form)

    assert not [act for act in page.forms if act.startswith("/sellers/anna/")]
    assert pressed.status_code == 404


async def test_without_temporal_a_button_says_that_nothing_was_done(open_site: Callable[..., Site], store: Store) -> None:
    enroll(store, "anna")
    site = open_site()

    pressed: httpx.Response = await site.press("/sellers/anna", "/sellers/anna/pause")

    assert pressed.status_code == 503
    assert "TEMPORAL_ADDRESS" in pressed.text
