"""The watchdog's look: lost sellers come back with what people had set, and a second deployment is alerted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.fleet.lost_sellers import LostSellers, queues
from activities.fleet.overrides import OperatorOverrides
from operations.errors import FailedError
from operations.health import all_are_polled
from tests.support.rig import Rig
from tests.support.waiting import eventually
from workflows.messages import workflow_id
from workflows.seller_polling import SellerPolling
from workflows.state import PollingState

QUEUE = ActivityEnvironment().info.task_queue


async def test_an_enrolled_seller_without_a_workflow_is_found_with_what_people_had_set(anna: Rig, temporal: Client) -> None:
    anna.store.save_overrides("anna", {"paused": "stocktaking", "cadence": {"orders": "PT1M"}})

    lost = await ActivityEnvironment(client=temporal).run(LostSellers(anna.store, temporal).find_lost_sellers)

    assert lost == [OperatorOverrides.model_validate({"seller_id": "anna", "paused": "stocktaking", "cadence": {"orders": 60}})]


async def test_the_doctor_and_the_watchdog_miss_the_same_sellers_whoever_else_is_polled(anna: Rig, temporal: Client) -> None:
    for seller in ("unknown", "another"):  # more workflows than sellers
        await start(temporal, seller, QUEUE)
    with pytest.raises(FailedError) as caught:
        await all_are_polled(temporal, anna.store, QUEUE)
    lost = await ActivityEnvironment(client=temporal).run(LostSellers(anna.store, temporal).find_lost_sellers)

    assert "of 1 sellers 1 have no workflow, anna for one: its watchdog starts them" in str(caught.value)
    assert [one.seller_id for one in lost] == ["anna"]


async def test_a_workflow_on_another_task_queue_is_not_lost_but_the_doctor_tells(anna: Rig, temporal: Client) -> None:
    await start(temporal, "anna", "elsewhere")
    with pytest.raises(FailedError) as caught:
        await all_are_polled(temporal, anna.store, QUEUE)
    lost = await ActivityEnvironment(client=temporal).run(LostSellers(anna.store, temporal).find_lost_sellers)
    await all_are_polled(temporal, anna.store, "elsewhere")

    assert "1 sellers' workflows are on another task queue, anna's for one" in str(caught.value)
    assert lost == []


async def start(temporal: Client, seller: str, task_queue: str) -> None:
    """A workflow that runs, without a worker, and is listed."""
    state = PollingState.new(seller, datetime.now(UTC))
    await temporal.start_workflow(SellerPolling.run, state, id=workflow_id(seller), task_queue=task_queue)

    async def listed() -> bool:
        return workflow_id(seller) in await queues(temporal)

    await eventually(listed)


async def test_two_deployments_on_one_database_are_one_alert_that_closes_when_one_is_gone(anna: Rig, temporal: Client) -> None:
    look = LostSellers(anna.store, temporal).find_lost_sellers
    await ActivityEnvironment(client=temporal).run(look)
    calm = anna.store.alerts()
    anna.store.deployments.others("another Temporal/sellerbeat")
    await ActivityEnvironment(client=temporal).run(look)
    await ActivityEnvironment(client=temporal).run(look)
    alarmed = anna.store.alerts()
    forget(anna)
    await ActivityEnvironment(client=temporal).run(look)

    assert calm == []
    assert [(alert["kind"], alert["seller_id"]) for alert in alarmed] == [("two_deployments", None)]
    assert anna.store.alerts() == []


def forget(anna: Rig) -> None:
    with anna.store.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM sellerbeat.claims WHERE name LIKE 'deployment:another%%'")
