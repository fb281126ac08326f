"""What a seller's workflow is answers over HTTP: by whom, how far, and what stands in the audit of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client

from domain.scopes import Scope
from store import Store
from tests.api.worked import Worked, acts, caller, signalled
from tests.store.documents import enroll
from tests.support.waiting import eventually
from tests.web.site import TOKEN, Site, refused
from workflows.client import handle
from workflows.seller_polling import SellerPolling

ADMIN = "token:ADMIN_TOKEN"
STEERED = (
    ("pause", {"reason": "stock-take"}),
    ("resume", None),
    ("poll-now", {"stream": "orders"}),
    ("speed-up", {"every": "10s", "for": "1h"}),
    ("active", None),
    ("cadence", {"orders": "1m"}),
    ("inventory", {"source": "both"}),
    ("mode", {"mode": "shadow"}),
    ("reauthorize", {"refresh_token": "v^1.1#never"}),
)


async def test_each_word_reaches_the_workflow_and_the_audit(steered: Site, store: Store, temporal: Client) -> None:
    asked = [("pause", {"reason": " stock-\ttake\u0000 "}), ("resume", None), ("poll-now", None), STEERED[2], STEERED[3]]
    answers = [(await steered.program.post(f"/v1/sellers/anna/{path}", json=body)).json() for path, body in asked]

    assert answers == [
        {"seller_id": "anna", "state": "paused", "reason": "stock- take", "until": None, "by": ADMIN},
        {"seller_id": "anna", "state": "polling"},
        {"seller_id": "anna", "stream": None},
        {"seller_id": "anna", "stream": "orders"},
        {"seller_id": "anna", "every_s": 10.0, "for_s": 3600.0},
    ]
    said = await signalled(temporal)
    assert [name for name, _ in said] == ["pause", "resume", "poll_now", "poll_now", "speed_up"]
    assert said[0][1] == [{"reason": "stock- take", "until": None, "by": ADMIN}]
    assert (said[2][1], said[3][1]) == ([{"stream": None}], [{"stream": "orders"}])
    assert (said[4][1][0]["every"], said[4][1][0]["lasting"]) == ("PT10S", "PT1H")
    open_end = {"paused": None, "until": None}
    assert acts(store) == [
        (ADMIN, "seller.pause", open_end, open_end | {"paused": "stock- take"}, "done"),
        (ADMIN, "seller.resume", open_end, open_end, "done"),
        (ADMIN, "seller.poll_now", None, None, "done"),
        (ADMIN, "seller.poll_now", None, {"stream": "orders"}, "done"),
        (ADMIN, "seller.speed_up", None, {"every_s": 10.0, "for_s": 3600.0}, "done"),
    ]


@pytest.mark.parametrize("as_a_time", [False, True])
async def test_a_pause_may_have_an_end(steered: Site, store: Store, temporal: Client, as_a_time: bool) -> None:
    until = (datetime.now(UTC) + timedelta(hours=2)).isoformat() if as_a_time else "2h"
    answer = (await steered.program.post("/v1/sellers/anna/pause", json={"until": until})).json()

    end = datetime.fromisoformat(answer["until"])
    assert abs(end - datetime.now(UTC) - timedelta(hours=2)) < timedelta(minutes=5)
    assert acts(store)[0][3] == {"paused": "by hand", "until": answer["until"]}
    [(_, [message])] = await signalled(temporal)
    assert message["until"][:19] == answer["until"][:19]


async def test_all_are_paused_and_polled_again_in_one_act(steered: Site, store: Store, temporal: Client) -> None:
    enroll(store, "carla")
    store.sellers.remove("carla")

    answers = [await steered.program.post(f"/v1/{path}", json=body) for path, body in (("pause", {"reason": "audit"}), ("resume", {}))]

    assert [(one.status_code, one.json()) for one in answers] == [(200, {"sellers": 2})] * 2
    assert [[name for name, _ in await signalled(temporal, seller)] for seller in ("anna", "bert", "carla")] == [
        ["pause", "resume"]
    ] * 2 + [[]]
    rows = store.audit.read()
    assert [(row["action"], row["seller_id"], row["subject"], row["outcome"]) for row in rows] == [
        ("seller.resume", None, "all", "done"),
        ("seller.pause", None, "all", "done"),
    ]


async def test_settings_stand_in_the_audit_as_they_were_and_as_they_are(worked: Worked, store: Store, temporal: Client) -> None:
    site, said = worked.site, []
    await eventually(lambda: site.context.has_worker(temporal))
    await site.program.post("/v1/sellers/anna/poll-now")
    for path, body in (
        ("cadence", {"orders": "1m", "inventory": "1h"}),
        ("inventory", {"source": "both", "offers": True}),
        ("inventory", {"offers": False}),
        ("mode", {"mode": "shadow"}),
        ("mode", {"mode": "shadow"}),
    ):
        answer = await site.program.post(f"/v1/sellers/anna/{path}", json=body)
        assert answer.status_code == 200, answer.text
        said.append(answer.json())

    assert said[:3] == [
        {"seller_id": "anna", "orders_every_s": 60.0, "inventory_every_s": 3600.0},
        {"seller_id": "anna", "inventory_source": "both", "offers": True},
        {"seller_id": "anna", "inventory_source": "both", "offers": False},
    ]
    assert [(one["mode"], one["before"], one["ready"]) for one in said[3:]] == [("shadow", "polling", False), ("shadow", "shadow", False)]
    none = {"orders_every_s": None, "inventory_every_s": None}
    assert [row[1:4] for row in acts(store)[1:]] == [
        ("seller.cadence", none, {"orders_every_s": 60.0, "inventory_every_s": 3600.0}),
        ("seller.inventory", {"inventory_source": "auto", "offers": False}, {"inventory_source": "both", "offers": True}),
        ("seller.inventory", {"inventory_source": "both", "offers": True}, {"inventory_source": "both", "offers": False}),
        ("seller.mode", {"mode": "polling"}, {"mode": "shadow", "force": False}),
        ("seller.mode", {"mode": "shadow"}, {"mode": "shadow", "force": False}),
    ]
    status = await handle(temporal, "anna").query(SellerPolling.status)
    assert status.state == "polling"


async def test_what_cannot_be_done_now_says_why(steered: Site, open_site: Callable[..., Site], store: Store) -> None:
    program = steered.program
    answers = [
        await program.post("/v1/sellers/anna/cadence", json={"orders": "1m"}),
        await program.post("/v1/sellers/anna/mode", json={"mode": "webhooks"}),
        await open_site().program.post("/v1/sellers/anna/pause"),
    ]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(503, "no_worker"), (409, "not_ready"), (503, "unavailable")]
    assert store.modes.get("anna").mode == "polling"
    assert [(row[1], row[4]) for row in acts(store)] == [("seller.cadence", "failed")]
    assert (await program.post("/v1/sellers/anna/mode", json={"mode": "webhooks", "force": True})).status_code == 200


async def test_a_seller_who_is_not_there_is_404_and_one_who_left_409(steered: Site, store: Store, temporal: Client) -> None:
    store.sellers.remove("bert")
    for path, body in STEERED:
        if path == "reauthorize":
            continue
        for seller, status, code in (("nobody", 404, "unknown_seller"), ("bert", 409, "seller_removed"), ("a%00b", 404, "unknown_seller")):
            answer = await steered.program.post(f"/v1/sellers/{seller}/{path}", json=body)
            assert (path, answer.status_code, answer.json()["code"]) == (path, status, code)

    assert store.audit.read(seller_id="nobody") == []
    assert await signalled(temporal, "bert") == []


async def test_every_write_needs_scope_control_and_a_narrowed_token_its_own_seller(steered: Site, store: Store, temporal: Client) -> None:
    paths: list[tuple[str, Any]] = [
        *((f"/v1/sellers/bert/{path}", body) for path, body in STEERED),
        ("/v1/pause", None),
        ("/v1/resume", None),
    ]
    paths += [("/v1/active", {"sellers": ["bert"]}), ("/v1/set-aside/1/retry", None)]
    async with caller(steered, store, Scope.FEED) as feed, caller(steered, store, Scope.READ) as read:
        for path, body in paths:
            for app in (feed, read):
                assert refused(await app.post(path, json=body), 403), path
    async with caller(steered, store, Scope.CONTROL, "anna") as own:
        for path, body in paths:
            status = 403 if path in ("/v1/pause", "/v1/resume") else 404
            answer = await own.post(path, json=body)
            assert refused(answer, status), path
            assert "bert" not in answer.text
        assert (await own.post("/v1/sellers/anna/pause")).status_code == 200

    assert await signalled(temporal, "bert") == []
    assert store.audit.read(seller_id="bert") == []
    assert acts(store)[0][0] == "token:control1"


BAD: tuple[tuple[str, Any], ...] = (
    ("pause", {"reason": 1}),
    ("pause", {"reason": "x" * 201}),
    ("pause", {"until": "yesterday"}),
    ("pause", {"until": "2001-01-01T00:00:00Z"}),
    ("pause", {"until": "9999-12-31T23:59:59-14:00"}),
    ("pause", {"until": "367d"}),
    ("pause", {"until": "999999999d"}),
    ("pause", {"because": "x"}),
    ("pause", []),
    ("resume", {"now": True}),
    ("poll-now", {"stream": "sweep"}),
    ("speed-up", {"every": "10s"}),
    ("speed-up", {"every": "0.1s", "for": "1h"}),
    ("speed-up", {"every": "10s", "for": "8d"}),
    ("speed-up", {"every": "999999999.9d", "for": "1h"}),
    ("speed-up", {"every": 10, "for": 60}),
    ("active", {"x": 1}),
    ("cadence", {}),
    ("cadence", {"orders": "2d"}),
    ("cadence", {"sweep": "1h"}),
    ("inventory", {}),
    ("inventory", {"source": "ebay"}),
    ("inventory", {"source": "trading", "offers": True}),
    ("inventory", {"offers": "yes"}),
    ("mode", {}),
    ("mode", {"mode": "shadow", "force": 1}),
)


@pytest.mark.parametrize(("path", "body"), BAD)
async def test_a_wrong_body_is_422_and_does_nothing(steered: Site, store: Store, temporal: Client, path: str, body: Any) -> None:
    refused(await steered.program.post(f"/v1/sellers/anna/{path}", json=body), 422)

    assert await signalled(temporal) == []
    assert store.audit.read() == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 422),
        (b"\xff\xfe", 422),  # UTF-16 with nothing in it
        (b'"\xff"', 400),
        (b'{"reason": "\\ud800"}', 422),
        (b'{"sellers": ["a\\u0000"]}', 422),
        (b'{"reason":' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
        (b'{"reason": NaN}', 422),
        (b'{"reason": ' + b"9" * 10_000 + b"}", 400),
        (b'{"reason": "' + b"x" * 300_000 + b'"}', 413),
    ],
)
async def test_a_body_that_nobody_can_read_is_refused(steered: Site, body: bytes, status: int) -> None:
    for path in ("/v1/sellers/anna/pause", "/v1/pause", "/v1/active", "/v1/sellers/anna/cadence"):
        answer = await steered.program.post(path, content=body, headers={"content-type": "application/json"})
        assert refused(answer, status), path
    assert (
        await steered.program.post("/v1/sellers/anna/pause", content=b"reason=x", headers={"content-type": "text/plain"})
    ).status_code == 415


async def test_a_repeated_key_gets_the_first_answer_and_is_done_once(steered: Site, temporal: Client) -> None:
    key = {"Idempotency-Key": "pause-1"}

    async def pause(reason: str) -> tuple[int, Any]:
        answer = await steered.program.post("/v1/sellers/anna/pause", json={"reason": reason}, headers=key)
        return answer.status_code, answer.json()

    first, again, other = await pause("a"), await pause("a"), await pause("b")

    assert first == again
    assert (first[0], other[0], other[1]["code"]) == (200, 422, "key_reused")
    assert len(await signalled(temporal)) == 1


async def test_of_two_at_once_with_one_key_one_waits_for_the_other(steered: Site, temporal: Client) -> None:
    def pause() -> Any:
        return steered.program.post("/v1/sellers/anna/pause", headers={"Idempotency-Key": "k"})

    answers = await asyncio.gather(*(pause() for _ in range(6)))

    assert {one.status_code for one in answers} <= {200, 409}
    assert [one.json()["code"] for one in answers if one.status_code == 409] == ["running"] * (
        6 - sum(one.status_code == 200 for one in answers)
    )
    assert len(await signalled(temporal)) == 1
    assert TOKEN not in "".join(one.text for one in answers)
