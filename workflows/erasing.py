"""Forgets who left eBay: one round, run by a schedule once a minute and at once when eBay tells of somebody. It is told no name."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.fleet.erasing import ROUND, Erased, UserErasing


@workflow.defn
class Erasing:
    @workflow.run
    async def run(self) -> Erased:
        erased: Erased = await workflow.execute_activity_method(UserErasing.erase_users, summary="who left eBay", **ROUND)
        return erased
