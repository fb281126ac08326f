"""Alerts and failures on the pages: one cause is one line, in words, with what to do about it."""

from __future__ import annotations

import re

from sqlalchemy import text

from domain import remedies
from domain.seller_state import GRAVITY
from store import Store
from store.schema.kinds import AlertKind
from tests.store.documents import enroll
from tests.web.site import Site


async def test_one_cause_of_many_sellers_is_one_alert_with_its_remedy(site: Site, store: Store) -> None:
    for number in range(15):
        enroll(store, f"s-{number:02}")
        store.open_alert(AlertKind.FAILING, "orders: more than 3 failures in a row", f"s-{number:02}", "orders")
    store.open_alert(AlertKind.KEYS_REFUSED, "eBay refuses the application's keys")

    page = await site.page("/")

    alerts = page.section("h-alerts")
    assert alerts.startswith("Alerts 1 eBay refuses the application's keys: 15 sellers since ")
    assert "more than 3 failures" not in alerts  # that follows from it
    assert "s-00 s-01" in alerts
    assert "and 10 more" in alerts
    assert remedies.ALERTS["keys_refused"] in alerts


async def test_a_reason_stands_once_in_a_row_and_a_failure_is_told_in_words(site: Site, store: Store) -> None:
    enroll(store, "anna")
    enroll(store, "bert")
    waits = "eBay refuses the application's keys: waits until 08:10:00 UTC"
    with store.engine.begin() as connection:
        change = (
            "UPDATE sellerbeat.streams SET last_poll_at = now(), next_poll_at = now() + interval '1 minute', why = :why, waits_for = 'keys'"
        )
        connection.execute(text(f"{change} WHERE seller_id = 'anna'"), {"why": waits})
        failed = """
            UPDATE sellerbeat.streams SET failures = 1, last_error = 'EbayUnavailableError: 503' WHERE seller_id = 'bert'
                AND stream = 'orders'
        """
        connection.execute(text(failed))

    rows = (await site.page("/")).text

    assert rows.count(waits) == 1
    assert "EbayUnavailableError: 503, once" in rows
    assert "failed once" in rows


async def test_every_alert_state_and_error_has_its_remedy() -> None:
    from tests.support.rooms import HOUSE

    errors = set(re.findall(r"^class (\w+Error)\(", "\n".join(path.read_text() for path in (HOUSE / "ebay").glob("errors.py")), re.M))

    assert set(AlertKind) == remedies.ALERTS.keys()
    assert errors - {"EbayError", "NotFoundError"} <= remedies.ERRORS.keys()
    assert set(GRAVITY) - {"polling"} == remedies.STATES.keys() - {"paused_with_end"}


async def test_the_alerts_of_a_cause_are_a_page_away_some_at_a_time(site: Site, store: Store) -> None:
    for number in range(60):
        enroll(store, f"s-{number:02}")
        store.open_alert(AlertKind.FAILING, f"orders of s-{number:02}", f"s-{number:02}", "orders")
    store.open_alert(AlertKind.KEYS_REFUSED, "eBay refuses the application's keys")
    store.open_alert(AlertKind.SET_ASIDE, "documents are set aside", "s-00")

    fleet = await site.page("/")
    (link,) = {one["href"] for one in fleet.all("a") if one["href"].startswith("/alerts?")}
    first = await site.page(link)
    (older,) = [one["href"] for one in first.all("a") if "after=" in one["href"]]
    rest = await site.page(older)

    assert link == "/alerts?cause=keys_refused"
    assert first.text.count("orders of s-") == 49
    assert rest.text.count("orders of s-") == 11
    assert "documents are set aside" not in first.text + rest.text
    assert "No open alerts of this cause." in (await site.page("/alerts?cause=%00x")).text
