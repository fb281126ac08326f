"""Whatever is sent to the API: the right 4xx as problem+json, one line that says what is wrong, and nothing is stored."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import text

from domain.scopes import Scope
from store import Store
from store.schema.every_table import metadata
from tests.store.documents import enroll
from tests.web.site import Site, refused

HUGE = 10**30
JSON = {"Content-Type": "application/json"}
ROWS = " UNION ALL ".join(f"SELECT '{name}' AS name, count(*) AS rows FROM {name}" for name in sorted(metadata.tables))
LONG = "x" * 101
DEEP = "[" * 60_000

# Method, address, body (None: none; bytes and str as they stand, else JSON), status, and what the line has to name.
WRONG: list[tuple[str, str, Any, int, str]] = [
    # bodies
    ("POST", "/v1/sellers/anna/pause", "{", 422, "JSON"),
    ("POST", "/v1/sellers/anna/pause", b"\xff\xfe{}", 422, "JSON"),
    ("POST", "/v1/sellers/anna/pause", b'{"reason": "\xff"}', 400, "JSON in UTF-8"),
    ("POST", "/v1/sellers/anna/pause", "NaN", 422, ""),
    ("POST", "/v1/sellers/anna/pause", "[]", 422, ""),
    ("POST", "/v1/sellers/anna/pause", "null extra", 422, "JSON"),
    ("POST", "/v1/sellers/anna/pause", DEEP, 400, "less deeply nested"),
    ("POST", "/v1/sellers/anna/pause", {"reason": "x" * 201}, 422, "reason"),
    ("POST", "/v1/sellers/anna/pause", {"reason": 7}, 422, "reason"),
    ("POST", "/v1/sellers/anna/pause", '{"reason": "\\ud800"}', 422, ""),
    ("POST", "/v1/sellers/anna/pause", {"until": "2020-01-01"}, 422, "it is over"),
    ("POST", "/v1/sellers/anna/pause", {"until": "9999-12-31T23:59:59Z"}, 422, "more than a year"),
    ("POST", "/v1/sellers/anna/pause", {"until": HUGE}, 422, "until"),
    ("POST", "/v1/sellers/anna/pause", {"until": f"{HUGE}d"}, 422, "until"),
    ("POST", "/v1/sellers/anna/pause", {"untill": "2h"}, 422, "untill: there is no such"),
    ("POST", "/v1/sellers/anna/pause", b"x" * 300_000, 413, "bytes at most"),
    ("POST", "/v1/sellers/anna/poll-now", {"stream": "backfill"}, 422, "stream"),
    ("POST", "/v1/sellers/anna/speed-up", {"every": "0s", "for": "10m"}, 422, "every"),
    ("POST", "/v1/sellers/anna/speed-up", {"every": "-30s", "for": "10m"}, 422, "every"),
    ("POST", "/v1/sellers/anna/speed-up", {"every": "30s", "for": f"{HUGE}d"}, 422, "for"),
    ("POST", "/v1/sellers/anna/speed-up", {"every": "30s"}, 422, "for"),
    ("POST", "/v1/sellers/anna/cadence", {}, 422, "at least one of"),
    ("POST", "/v1/sellers/anna/cadence", {"orders": "\u0663\u0660s"}, 422, "orders"),
    ("POST", "/v1/sellers/anna/inventory", {"source": "ebay"}, 422, "source"),
    ("POST", "/v1/sellers/anna/inventory", {"source": "trading", "offers": True}, 422, "offers"),
    ("POST", "/v1/sellers/anna/mode", {"mode": "both"}, 422, "mode"),
    ("POST", "/v1/sellers/anna/mode", {"mode": "shadow", "force": "yes"}, 422, "force"),
    ("POST", "/v1/active", {"sellers": []}, 422, "sellers"),
    ("POST", "/v1/active", {"sellers": ["a\x00b"]}, 422, "sellers"),
    ("POST", "/v1/active", {"sellers": ["anna"] * 1001}, 422, "sellers"),
    ("PUT", "/v1/sellers/carl", {}, 422, "refresh_token"),
    ("PUT", "/v1/sellers/carl", {"refresh_token": ""}, 422, "refresh_token"),
    ("PUT", "/v1/sellers/carl", {"refresh_token": "v^1.1#x", "backfill": "730d"}, 422, "backfill"),
    ("PUT", "/v1/sellers/carl", {"refresh_token": "v^1.1#x", "last_poll_at": "2999-01-01"}, 422, "last_poll_at"),
    ("PUT", "/v1/sellers/carl", {"refresh_token": "v^1.1#x", "refresh_token_expires": "0000-00-00"}, 422, "refresh_token_expires"),
    ("PUT", f"/v1/sellers/{LONG}", {"refresh_token": "v^1.1#x"}, 404, "no seller"),
    ("POST", "/v1/tokens", {"name": "my shop", "scope": "read"}, 422, "name"),
    ("POST", "/v1/tokens", {"name": "sb_" + "a" * 43, "scope": "read"}, 422, "a token of the API"),
    ("POST", "/v1/tokens", {"name": "shop", "scope": "root"}, 422, "scope"),
    ("POST", "/v1/tokens", {"name": "shop", "scope": "read", "expires": "1s"}, 422, "a token ends after a minute"),
    ("POST", "/v1/tokens", {"name": "shop", "scope": "read", "sellers": ["a/b"]}, 422, "sellers"),
    ("POST", "/v1/replays", {}, 422, ""),
    ("POST", "/v1/replays", {"first": 20, "last": 10}, 422, "last lies before first"),
    ("POST", "/v1/replays", {"first": HUGE}, 422, "first"),
    ("POST", "/v1/replays", {"first": "1"}, 422, "first"),
    ("POST", "/v1/replays", {"first": -1}, 422, "first"),
    ("POST", "/v1/replays", {"ids": ["a\x00"]}, 422, "ids"),
    ("POST", "/v1/replays", {"seller": "carl", "endpoint": "ep-%00"}, 422, "endpoint"),
    # addresses: parameters, cursors, ids
    ("GET", "/v1/sellers?limit=0", None, 422, "limit"),
    ("GET", "/v1/sellers?limit=-1", None, 422, "limit"),
    ("GET", f"/v1/sellers?limit={HUGE}", None, 422, "limit"),
    ("GET", "/v1/sellers?limit=1e3", None, 422, "limit"),
    ("GET", "/v1/sellers?limit=1&limit=2", None, 422, "limit may be given once"),
    ("GET", "/v1/sellers?q=%00", None, 422, "q"),
    ("GET", "/v1/sellers?state=asleep", None, 422, "state"),
    ("GET", "/v1/sellers?colour=red", None, 422, "colour: there is no such"),
    ("GET", "/v1/changes?after=-1", None, 422, "after"),
    ("GET", f"/v1/changes?after={HUGE}", None, 422, "after"),
    ("GET", "/v1/changes?wait=61s", None, 422, "wait"),
    ("GET", "/v1/changes?type=order", None, 422, "did you mean order.*?"),
    ("GET", "/v1/changes?type=%00", None, 422, "type"),
    ("GET", "/v1/changes?seller=a%2Fb", None, 422, "seller"),
    ("GET", "/v1/find", None, 422, "q"),
    ("GET", "/v1/find?q=%20", None, 422, "write an order number"),
    ("GET", "/v1/find?q=%00", None, 422, "q"),
    ("GET", "/v1/find?q=a%07", None, 422, "no id holds such a character"),
    ("GET", f"/v1/find?q={'x' * 201}", None, 422, "q"),
    ("GET", "/v1/find?q=a&q=b", None, 422, "q may be given once"),
    ("GET", "/v1/audit?before=0", None, 422, "before"),
    ("GET", "/v1/audit?author=%00", None, 422, "author"),
    ("GET", "/v1/audit?action=DROP", None, 422, "action"),
    ("GET", "/v1/deliveries?endpoint=ep-%0A", None, 422, "endpoint"),
    ("GET", "/v1/deliveries?failed=perhaps", None, 422, "failed"),
    ("GET", "/v1/alerts?seller=", None, 422, "seller"),
    ("GET", "/v1/alerts?seller=carl", None, 404, "carl is not enrolled"),
    ("GET", "/v1/quota?plan=1000001", None, 422, "plan"),
    ("GET", "/v1/reconcile?last=0s", None, 422, "last"),
    ("GET", "/v1/reconcile?since=2100-01-01", None, 422, "future"),
    ("GET", "/v1/set-aside?after=0", None, 422, "after"),
    ("GET", "/v1/set-aside?seller=carl%0A", None, 422, "seller"),
    ("GET", "/v1/events/order.nothing", None, 404, ""),
    ("GET", "/v1/events/%00", None, 404, ""),
    ("GET", "/v1/sellers/a%00b", None, 404, "no seller"),
    ("GET", "/v1/sellers/%ED%A0%80", None, 404, "no seller"),
    ("GET", "/v1/sellers/..%2Fanna", None, 404, ""),
    ("GET", "/v1/sellers/carl", None, 404, "carl is not enrolled"),
    ("GET", "/v1/sellers/anna/polls?after=yesterday", None, 422, "after"),
    ("GET", f"/v1/sellers/anna/polls?after={'9' * 18}.1", None, 422, "after"),
    ("GET", "/v1/sellers/anna/snapshot/nothing", None, 422, "orders"),
    ("GET", "/v1/sellers/anna/snapshot/orders?after=%1Fnone", None, 422, "no answer gave this"),
    ("GET", "/v1/sellers/anna/snapshot/orders?id=%00", None, 422, "id"),
    ("POST", f"/v1/set-aside/{HUGE}/retry", None, 422, "aside_id"),
    ("POST", "/v1/set-aside/0/retry", None, 422, "aside_id"),
    ("POST", "/v1/set-aside/7/retry", None, 404, "under 7"),
    ("DELETE", "/v1/tokens/%00", None, 422, "token"),
    ("DELETE", "/v1/sellers/carl?erase=perhaps", None, 422, "erase"),
    # methods and places
    ("PATCH", "/v1/sellers/anna", {}, 405, "does not take this method"),
    ("POST", "/v1/changes", {}, 405, "does not take this method"),
    ("GET", "/v1/nothing", None, 404, "there is nothing here"),
    ("GET", "/v1/%00", None, 404, "there is nothing here"),
]


@pytest.fixture
def shop(store: Store) -> Store:
    enroll(store, "anna")
    store.api_tokens.create("app", Scope.FEED, by="os:test", ebay=False, sellers=[])
    return store


def stored(store: Store) -> dict[str, int]:
    with store.engine.connect() as connection:
        return {row.name: row.rows for row in connection.execute(text(ROWS))}


def test_there_are_more_than_sixty() -> None:
    assert len({(method, path, repr(body)) for method, path, body, _, _ in WRONG}) == len(WRONG) > 60


@pytest.mark.parametrize(("method", "path", "body", "status", "named"), WRONG, ids=lambda one: str(one)[:40])
async def test_wrong_input_is_a_problem_of_one_line_and_nothing_is_stored(
    site: Site, shop: Store, method: str, path: str, body: Any, status: int, named: str
) -> None:
    before = stored(shop)
    content = body if body is None or isinstance(body, bytes | str) else json.dumps(body)

    answer = await site.program.request(method, path, content=content, headers={} if content is None else JSON if content != "" else {})

    assert named in refused(answer, status)
    assert len(answer.json()["detail"]) < 400
    assert stored(shop) == before


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", ""]
)
async def test_a_body_of_another_kind_is_415_whatever_it_holds(site: Site, shop: Store, kind: str) -> None:
    before = stored(shop)

    answer = await site.program.post("/v1/sellers/anna/pause", content=b"{}", headers={"Content-Type": kind})

    assert "application/json" in refused(answer, 415)
    assert stored(shop) == before


@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb", "\u00e4"])
async def test_an_idempotency_key_that_is_none_is_said_so(site: Site, shop: Store, key: str) -> None:
    answer = await site.program.post("/v1/sellers/anna/pause", json={}, headers={b"Idempotency-Key": key.encode()})

    assert "Idempotency-Key" in refused(answer, 422)


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Basic YTpi", "Bearer a b", "Bearer \u00e4", "Bearer " + "x" * 5000])
async def test_a_header_without_a_token_is_401(site: Site, shop: Store, header: str) -> None:
    async with site.visitor() as visitor:
        answer = await visitor.get("/v1/sellers", headers=[(b"Authorization", header.encode())])

    assert refused(answer, 401)
