"""Plans the fleet: one level a resource, every few minutes. Run by a schedule; polls take it from Postgres, nobody is signalled."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.fleet.planning import PLAN_STEP, FleetPlanning, Planned


@workflow.defn
class Planner:
    @workflow.run
    async def run(self) -> Planned:
        planned: Planned = await workflow.execute_activity_method(FleetPlanning.plan_fleet, summary="one level a resource", **PLAN_STEP)
        levels = ", ".join(f"{resource}: {level}" for resource, level in sorted(planned.levels.items()))
        workflow.set_current_details(f"{planned.sellers} sellers; level of {levels}")
        return planned
