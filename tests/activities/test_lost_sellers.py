"""The watchdog's look: lost sellers come back with what people had set, and a second deployment is alerted."""

from __future__ import annotations

from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from activities.fleet.lost_sellers import LostSellers
from activities.fleet.overrides import OperatorOverrides
from tests.support.rig import Rig


async def test_an_enrolled_seller_without_a_workflow_is_found_with_what_people_had_set(anna: Rig, temporal: Client) -> None:
    anna.store.save_overrides("anna", {"paused": "stocktaking", "cadence": {"orders": "PT1M"}})

    lost = await ActivityEnvironment(client=temporal).run(LostSellers(anna.store, temporal).find_lost_sellers)

    assert lost == [OperatorOverrides.model_validate({"seller_id": "anna", "paused": "stocktaking", "cadence": {"orders": 60}})]


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
