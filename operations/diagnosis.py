"""One health: what is wrong with the whole, since when, and what to do, as every surface says it (domain/health.py decides).

Parts are asked side by side, none for longer than two seconds, and what is expected to fail is a fact.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from domain.health import Finding, findings
from domain.health_facts import FleetFacts
from operations.context import CommandContext
from store.reading.health import FULL
from store.schema.errors import SecretError, StoreError
from store.schema.times import iso

if TYPE_CHECKING:
    from domain.health_facts import TemporalFacts

PATIENCE_S = 2.0  # of a part; what does not answer within it is not well
AGAIN_S = 0.5  # until who was enrolled just now is counted by Temporal


async def diagnose(context: CommandContext) -> list[Finding]:
    """Postgres, keys and Temporal asked at once."""
    return findings(await gathered(context))


async def diagnose_by_postgres(context: CommandContext) -> list[Finding]:
    """What Postgres knows of all parts, as workers say in it how they are: one statement, for commands that are typed most."""
    return findings(await _of_postgres(context, try_to_write=False))


async def gathered(context: CommandContext) -> FleetFacts:
    """All facts that this process can have."""
    facts, keys, temporal = await asyncio.gather(_of_postgres(context, try_to_write=True), _keys(context), _of_temporal(context))
    if temporal.workflows is not None and facts.postgres is None and temporal.workflows < facts.enrolled:
        await asyncio.sleep(AGAIN_S)
        temporal = await _of_temporal(context)
    return replace(facts, keys=keys, temporal=temporal)


async def _of_postgres(context: CommandContext, *, try_to_write: bool) -> FleetFacts:
    queue = context.settings.task_queue
    try:
        if try_to_write:
            async with asyncio.timeout(PATIENCE_S):
                facts = await context.look(lambda: _facts(context, try_to_write=True))
        else:
            facts = await context.ask(_facts, context)
    except TimeoutError:
        return FleetFacts(datetime.now(UTC), queue, postgres=f"Postgres did not answer within {PATIENCE_S:g} s: see its load, and its log")
    except StoreError as error:
        return FleetFacts(datetime.now(UTC), queue, postgres=str(error), full=str(error) == FULL)
    return replace(facts, task_queue=queue)


def _facts(context: CommandContext, *, try_to_write: bool = False) -> FleetFacts:
    """Here and not where it is called: the store is opened when it is first needed, which asks Postgres."""
    return context.store.health.facts(try_to_write=try_to_write)


def _opens(context: CommandContext) -> bool:
    return context.store.presence.opens_tokens()


async def _keys(context: CommandContext) -> str | None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            opens = await context.look(lambda: _opens(context))
    except SecretError as error:
        return str(error)
    except (StoreError, TimeoutError):
        return None  # a fact of its own
    return None if opens else "they open none"


async def _of_temporal(context: CommandContext) -> TemporalFacts:
    from operations.asking_temporal import facts_of_temporal

    return await facts_of_temporal(context, PATIENCE_S)


def as_json(found: Finding) -> dict[str, Any]:
    """For `/readyz`, and for commands with --json."""
    return {"part": found.part.value, "since": iso(found.since), "what": found.what, "remedy": found.remedy, "runbook": found.runbook}
