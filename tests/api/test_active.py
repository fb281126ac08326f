"""A seller uses the app, told at every click: within the hour it costs nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from temporalio.client import Client

from domain.scopes import Scope
from operations.activity import RecentActivity
from store import Store
from tests.api.worked import acts, caller, signalled
from tests.store.documents import enroll, statements
from tests.support.dying import client_of_a_dead_temporal
from tests.web.site import Site


async def test_active_costs_no_statement_and_no_signal_within_the_hour(steered: Site, store: Store, temporal: Client) -> None:
    now = [0.0]
    steered.context.__dict__["recent_activity"] = RecentActivity(lambda: now[0])

    async def active(seller: str = "anna") -> int:
        return (await steered.program.post(f"/v1/sellers/{seller}/active")).status_code

    with statements(store) as sent:
        assert await active() == 200
        first = len(sent)
        assert {await active() for _ in range(30)} == {200}
        many = await steered.program.post("/v1/active", json={"sellers": ["anna"] * 1000})
    assert many.json() == {"active": 1, "unknown": [], "removed": []}
    assert len(sent) == first == 1
    assert await signalled(temporal) == [("seller_active", [])]

    now[0] += 3700
    assert await active() == 200
    assert await signalled(temporal) == [("seller_active", [])] * 2
    assert acts(store) == []


async def test_two_hundred_at_once_are_one_statement_and_one_signal(steered: Site, store: Store, temporal: Client) -> None:
    async def active(seller: str) -> int:
        return (await steered.program.post(f"/v1/sellers/{seller}/active")).status_code

    with statements(store) as sent:
        answers = await asyncio.gather(*(active("anna") for _ in range(200)))
    assert (set(answers), len(sent)) == ({200}, 1)
    assert await signalled(temporal) == [("seller_active", [])]
    assert set(await asyncio.gather(*(active("nobody") for _ in range(20)))) == {404}


async def test_who_could_not_be_signalled_is_not_taken_for_told(
    steered: Site, store: Store, temporal: Client, temporal_address: str
) -> None:
    alive = await steered.context.temporal()
    steered.context._line._client = await client_of_a_dead_temporal(temporal_address)

    answers = await asyncio.gather(*(steered.program.post("/v1/sellers/anna/active") for _ in range(20)))
    steered.context._line._client = alive

    assert {one.status_code for one in answers} == {503}
    assert (await steered.program.post("/v1/sellers/anna/active")).status_code == 200
    assert await signalled(temporal) == [("seller_active", [])]


async def test_another_process_knows_of_the_activity_by_what_the_workflow_stored(steered: Site, store: Store, temporal: Client) -> None:
    ago = datetime.now(UTC) - timedelta(minutes=59)
    store.save_overrides("anna", {"active_at": ago.isoformat()})

    assert (await steered.program.post("/v1/sellers/anna/active")).status_code == 200

    assert await signalled(temporal) == []
    assert steered.context.recent_activity.due(["anna"]) == []
    assert steered.context.recent_activity._until["anna"] - steered.context.recent_activity._clock() < 70


async def test_many_are_active_at_once_and_who_is_not_enrolled_is_named(steered: Site, store: Store, temporal: Client) -> None:
    many = [f"s-{number}" for number in range(40)]
    for seller in (*many, "carla"):
        enroll(store, seller)
    store.sellers.remove("carla")

    answer = await steered.program.post("/v1/active", json={"sellers": [*many, "carla", "nobody"]})
    alone = [await steered.program.post("/v1/active", json={"sellers": [one]}) for one in ("nobody", "carla")]

    assert answer.json() == {"active": 40, "unknown": ["nobody"], "removed": ["carla"]}
    assert [one.status_code for one in alone] == [404, 409]
    assert [await signalled(temporal, seller) for seller in (many[0], many[-1])] == [[("seller_active", [])]] * 2
    async with caller(steered, store, Scope.CONTROL, "anna", "nobody") as own:
        assert (await own.post("/v1/active", json={"sellers": ["anna", "bert"]})).status_code == 404
        assert await signalled(temporal) == []
        assert (await own.post("/v1/active", json={"sellers": ["anna", "nobody"]})).json()["unknown"] == ["nobody"]


async def test_who_leaves_and_comes_back_is_active_anew(steered: Site, store: Store) -> None:
    await steered.program.post("/v1/sellers/anna/active")
    assert (await steered.program.delete("/v1/sellers/anna")).status_code == 200

    assert (await steered.program.post("/v1/sellers/anna/active")).status_code == 409
