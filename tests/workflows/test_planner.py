"""The planner's workflow: one step, tried again until Postgres answers, and a line for the Web UI."""

from concurrent.futures import ThreadPoolExecutor

from temporalio import activity
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from activities.fleet.planning import Planned
from store import StoreUnavailableError
from workflows.planner import Planner

QUEUE = "planning"
PLANNED = Planned(sellers=3, levels={"orders": "13.9", "trading": "full"}, took_s=0.02)


class Plans:
    def __init__(self, failures: int) -> None:
        self.failures, self.asked = failures, 0

    @activity.defn
    def plan_fleet(self) -> Planned:
        self.asked += 1
        if self.asked <= self.failures:
            raise StoreUnavailableError("Postgres does not answer")
        return PLANNED


async def test_a_plan_outlives_a_postgres_that_is_away(time_skipping: WorkflowEnvironment) -> None:
    plans = Plans(failures=2)
    with ThreadPoolExecutor(1) as threads:
        async with Worker(
            time_skipping.client, task_queue=QUEUE, workflows=[Planner], activities=[plans.plan_fleet], activity_executor=threads
        ):
            planned = await time_skipping.client.execute_workflow(Planner.run, id="planner", task_queue=QUEUE)

    assert (planned, plans.asked) == (PLANNED, 3)
