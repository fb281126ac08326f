"""What is wrong with the whole stands at the top of the pages, with what to do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from domain.health_facts import WorkerFindings
from store import Store
from tests.store.documents import enroll
from tests.web.site import Page, Site

SINCE = datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
WITH_A_BANNER = ("/", "/sellers/anna", "/endpoints", "/deliveries", "/replays", "/tokens", "/audit", "/alerts", "/find", "/find?q=anna")


async def test_every_inside_page_says_what_is_wrong_with_the_whole_and_an_answer_to_a_form_too(site: Site, store: Store) -> None:
    enroll(store, "anna")
    store.presence.record("w", "web-tests", WorkerFindings())
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE sellerbeat.workers SET last_seen_at = last_seen_at - interval '1 minute'"))

    pages = [await site.page(path) for path in WITH_A_BANNER]
    pages += [Page(await site.press("/tokens", "/tokens", name=name, scope="feed", expires="30d")) for name in ("shop", "not a name")]
    pages.append(Page(await site.press("/", "/links", seller="a/b")))

    for page in pages:
        assert page.text.count("No worker is seen: it is frozen or dead") == 1, page.answer.url


@pytest.mark.parametrize("path", ["/", "/sellers/anna"])
async def test_pages_say_that_no_worker_is_seen_and_show_the_seller_as_stalled(site: Site, store: Store, path: str) -> None:
    enroll(store, "anna")
    store.presence.record("w", "web-tests", WorkerFindings())
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE sellerbeat.workers SET last_seen_at = last_seen_at - interval '1 minute'"))

    page = await site.page(path)

    assert "No worker is seen: it is frozen or dead, since 20" in page.text
    assert "then restart it; nothing is lost. Runbook" in page.text
    assert "/runbooks/outages" in page.source
    assert "stalled" in page.text


async def test_the_api_says_why_a_seller_is_stalled_and_finds_those_who_are(site: Site, store: Store) -> None:
    enroll(store, "anna")
    store.presence.record("w", "web-tests", WorkerFindings(temporal_since=SINCE))

    seller = (await site.program.get("/v1/sellers/anna")).json()
    listed = (await site.program.get("/v1/sellers?state=stalled")).json()["sellers"]

    assert (seller["state"], seller["reason"]) == ("stalled", "Temporal does not answer the worker, since 2026-12-01 02:00:00 UTC")
    assert [one["seller_id"] for one in listed] == ["anna"]


async def test_pages_are_calm_where_all_is_well(site: Site, store: Store) -> None:
    enroll(store, "anna")
    store.presence.record("w", "web-tests", WorkerFindings())

    page = await site.page("/")

    assert "no worker" not in page.text
    assert "Temporal does not answer at 127.0.0.1:1" in page.text  # as this process sees it
