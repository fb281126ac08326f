"""Alerts, quota, comparisons and the audit over HTTP: as the command line prints them, and for whom."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.comparison import Mode
from domain.scopes import Scope
from operations.alerts import listed
from operations.quota import planned, use
from operations.reconciling import compared_rows
from store import Store
from store.schema.kinds import AlertKind
from tests.api.worked import token
from tests.store.documents import enroll
from tests.web.site import Site, refused
from tests.web.test_feed import sell

READS = ("/v1/alerts", "/v1/quota", "/v1/reconcile", "/v1/audit")


async def got(site: Site, path: str) -> dict[str, Any]:
    answer = await site.program.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_alerts_are_those_of_the_command_line_with_what_to_do(site: Site, store: Store) -> None:
    enroll(store, "anna")
    enroll(store, "bert")
    store.open_alert(AlertKind.FAILING, "orders fail", "anna", about="orders")
    store.open_alert(AlertKind.LATE, "late", "bert")
    store.open_alert(AlertKind.QUOTA_SHORT, "short")
    store.close_alert(AlertKind.LATE, "bert")

    open_, all_, annas = await got(site, "/v1/alerts"), await got(site, "/v1/alerts?closed=true"), await got(site, "/v1/alerts?seller=anna")

    assert open_["alerts"] == listed(site.context)
    assert [one["kind"] for one in all_["alerts"]] == ["quota_short", "late", "failing:orders"]
    assert [one["seller_id"] for one in annas["alerts"]] == ["anna"]
    assert "status anna" in annas["alerts"][0]["to_do"]
    assert (await got(site, "/v1/alerts?seller=bert"))["alerts"] == []


async def test_the_quota_is_that_of_the_command_line_and_a_plan_is_made_where_it_is_asked_for(site: Site, store: Store) -> None:
    enroll(store, "anna")
    store.put_quota("orders", limit=5000, remaining=4990, reset_at=datetime.now(UTC) + timedelta(hours=3))

    plain, forecast = await got(site, "/v1/quota"), await got(site, "/v1/quota?plan=600")

    assert plain == {"quota": use(site.context), "plan": None}
    assert [row["remaining"] for row in plain["quota"] if row["resource"] == "orders"] == [4990]
    expected = planned(site.context, 600)
    assert [row["what"] for row in forecast["plan"]] == [row["what"] for row in expected]
    assert all(row["sellers"] == 600 for row in forecast["plan"])
    assert forecast["plan"][0].keys() == expected[0].keys()


async def test_a_fleet_of_nobody_has_a_plan_too(site: Site) -> None:
    assert len((await got(site, "/v1/quota?plan=1000000"))["plan"]) == 4


async def test_comparisons_are_those_of_the_command_line_page_by_page(site: Site, store: Store) -> None:
    for seller in ("anna", "bert", "carla", "dora"):
        enroll(store, seller)
        if seller != "bert":
            store.modes.set(seller, Mode.SHADOW)
    sell(store, "carla", 1)
    since = "2026-01-01T00:00:00"

    first = await got(site, f"/v1/reconcile?since={since}&limit=2")
    rest = await got(site, f"/v1/reconcile?since={since}&limit=2&after={first['next']}")
    bert = await got(site, "/v1/reconcile?seller=bert")

    expected = compared_rows(site.context, None, datetime(2026, 1, 1, tzinfo=UTC), None)
    assert [one["seller_id"] for one in first["sellers"] + rest["sellers"]] == ["anna", "carla", "dora"]
    assert (first["next"], rest["next"], bert["next"]) == ("carla", None, None)
    assert [{**one, "until": ""} for one in first["sellers"] + rest["sellers"]] == [{**one, "until": ""} for one in expected]
    assert (bert["sellers"][0]["mode"], bert["sellers"][0]["ready"]) == ("polling", False)


async def test_the_audit_is_read_from_the_newest_on_by_what_is_asked_for(site: Site, store: Store) -> None:
    for number in range(5):
        row = store.audit.begin(
            f"token:app-{number % 2}", "endpoint.add" if number % 2 else "seller.pause", "anna", None, None, {"n": number}
        )
        store.audit.end(row, done=number != 4)

    first = await got(site, "/v1/audit?limit=2")
    rest = await got(site, f"/v1/audit?limit=1000&before={first['next']}")
    chosen = await got(site, "/v1/audit?author=token:app-1&action=endpoint.*&seller=anna")

    assert [one["after"]["n"] for one in first["acts"] + rest["acts"]] == [4, 3, 2, 1, 0]
    assert rest["next"] is None
    assert first["acts"] + rest["acts"] == json.loads(json.dumps(store.audit.read()))
    assert [one["after"]["n"] for one in chosen["acts"]] == [3, 1]
    assert (first["acts"][0]["outcome"], first["acts"][0]["author"]) == ("failed", "token:app-0")


async def test_each_scope_reads_what_it_holds(site: Site, store: Store) -> None:
    statuses = {}
    for scope in Scope:
        async with site.visitor(**token(store, scope, name=scope.value)) as app:
            statuses[scope.value] = [(await app.get(path)).status_code for path in READS]

    assert statuses == {"feed": [403] * 4, "read": [200, 200, 200, 403], "control": [200, 200, 200, 403], "admin": [200] * 4}


async def test_a_token_of_some_sellers_sees_theirs_and_nothing_of_the_fleet(site: Site, store: Store) -> None:
    for seller in ("anna", "bert"):
        enroll(store, seller)
        store.open_alert(AlertKind.LATE, f"{seller} is late", seller)
        store.modes.set(seller, Mode.SHADOW)
    async with site.visitor(**token(store, Scope.ADMIN, "anna")) as app:
        for path in READS:
            refused(await app.get(path), 403)
        own = [await app.get(f"/v1/{name}?seller=anna") for name in ("alerts", "reconcile")]
        for name in ("alerts", "reconcile"):
            refused(await app.get(f"/v1/{name}?seller=bert"), 404)
        refused(await app.get("/v1/audit?seller=anna"), 403)

    assert [one.status_code for one in own] == [200, 200]
    assert "anna" in own[0].text
    assert "bert" not in own[0].text + own[1].text


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("alerts?closed=7", 422),
        ("alerts?seller=%00", 422),
        ("alerts?seller=nobody", 404),
        ("alerts?colour=red", 422),
        ("quota?plan=0", 422),
        ("quota?plan=1000001", 422),
        ("reconcile?since=yesterday", 422),
        ("reconcile?since=0001-01-01T00:00:00%2B14:00", 422),
        ("reconcile?since=9999-12-31T23:59:59-14:00", 422),
        ("reconcile?since=1e300", 422),
        ("reconcile?since=2100-01-01", 422),
        ("reconcile?until=2026-01-01", 422),
        ("reconcile?since=2026-01-02&until=2026-01-01", 422),
        ("reconcile?seller=nobody", 404),
        ("reconcile?after=%00", 422),
        ("audit?author=%00", 422),
        ("audit?author=%0A", 422),
        ("audit?action=%25", 422),
        ("audit?before=0", 422),
        ("audit?limit=1001", 422),
    ],
)
async def test_a_question_that_makes_no_sense_is_refused(site: Site, question: str, status: int) -> None:
    refused(await site.program.get(f"/v1/{question}"), status)


@pytest.mark.parametrize("name", ["%", "_", "token:app\\", "'; DROP TABLE x; --", "ü", "\U0001f600"])
async def test_an_author_of_any_letters_is_looked_for_as_it_is(site: Site, store: Store, name: str) -> None:
    store.audit.end(store.audit.begin(name, "seller.pause"), done=True)
    store.audit.end(store.audit.begin("another", "seller.pause"), done=True)

    answer = await site.program.get("/v1/audit", params={"author": name})

    assert [one["author"] for one in answer.json()["acts"]] == [name]


async def test_alerts_come_page_by_page_and_by_cause_beside_the_first_one(site: Site, store: Store) -> None:
    sellers = ("anna", "bert", "carla")
    for seller in sellers:
        enroll(store, seller)
        store.open_alert(AlertKind.FAILING, "orders: more than 3 failures in a row", seller, about="orders")
    store.open_alert(AlertKind.EBAY_DOWN, "eBay's orders API is down: 503")
    store.open_alert(AlertKind.TOKEN_ENDS, "the consent ends", "anna")

    first = await got(site, "/v1/alerts?limit=3")
    rest = await got(site, f"/v1/alerts?limit=3&after={first['next']}")
    of_cause, annas = await got(site, "/v1/alerts?cause=ebay_down"), await got(site, "/v1/alerts?seller=anna")

    assert [one["kind"] for one in first["alerts"]] == ["token_ends", "ebay_down", "failing:orders"]
    assert [one["seller_id"] for one in rest["alerts"]] == ["bert", "anna"]
    assert (rest["next"], rest["groups"]) == (None, [])
    outage, consent = first["groups"]
    assert (outage["title"], outage["code"], outage["alerts"]) == ("eBay does not answer: 3 sellers", "ebay_down", 4)
    assert (outage["first_sellers"], consent["title"]) == (list(sellers), "the consent ends soon: anna")
    assert [one["kind"] for one in of_cause["alerts"]] == ["ebay_down", *["failing:orders"] * 3]
    assert [one["code"] for one in annas["groups"]] == ["failing", "token_ends"]
    assert (await site.program.get("/v1/alerts?cause=late&seller=anna")).status_code == 422
