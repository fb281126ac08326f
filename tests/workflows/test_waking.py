"""A new version of the worker tries at once what failed under the last one."""

from datetime import timedelta

from cryptography.fernet import Fernet
from temporalio.testing import WorkflowEnvironment

from domain.pacing import Stream
from store import Store
from tests.support.waiting import eventually
from tests.workflows.fakes import FakeSteps, orders_only, start
from workflows.waking import wake_failing


async def test_a_new_version_tries_what_failed_and_the_same_one_does_not(
    time_skipping: WorkflowEnvironment, steps: FakeSteps, database: str
) -> None:
    store = Store.connect(database, [Fernet.generate_key().decode()])
    now = await time_skipping.get_current_time()
    states = [orders_only(now), orders_only(now)]
    for state in states:
        state.streams[Stream.ORDERS].next_due = now + timedelta(hours=6)
        await start(time_skipping, state)
    for state in states:
        store.sellers.enroll(state.seller_id, "token", scopes=[], now_ebay=now)
    with store.engine.begin() as connection:
        for state, failures in zip(states, (9, 1), strict=True):
            connection.exec_driver_sql(
                f"UPDATE sellerbeat.streams SET failures = {failures} WHERE seller_id = '{state.seller_id}' AND stream = 'orders'"
            )

    assert await wake_failing(time_skipping.client, store, "1.1", 0) == 1
    assert await wake_failing(time_skipping.client, store, "1.1", 0) == 0

    await eventually(lambda: [request.seller_id for _, _, request in steps.polls] == [states[0].seller_id])
    store.close()
