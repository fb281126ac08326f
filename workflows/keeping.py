"""While a worker runs: what Temporal lost is made anew, without a restart, and a database that was restored is noticed.

An emptied Temporal has no schedules, so no watchdog, and nobody would ever be polled again; the worker itself goes on asking for tasks.
"""

from __future__ import annotations

import asyncio
import logging
import random

from temporalio.client import Client
from temporalio.service import RPCError

from activities.fleet.feed_memory import compare_feed, watchdog_id
from store import Store, StoreError
from workflows.schedules import make, missing_schedules
from workflows.visibility import AttributesMissingError, check

BETWEEN_S = (30.0, 60.0)  # each look at a time of its own, so that many workers do not come together
AGAIN_S = (5.0, 10.0)  # while Temporal or Postgres does not answer
logger = logging.getLogger("sellerbeat.worker")


async def keep_looking(client: Client, store: Store, task_queue: str, between_s: tuple[float, float] = BETWEEN_S) -> None:
    """Look every while, until cancelled. What cannot be reached is looked at again soon."""
    failing = False
    while True:
        await asyncio.sleep(random.uniform(*(AGAIN_S if failing else between_s)))
        try:
            await look(client, store, task_queue)
            failing = False
        except (RPCError, StoreError) as error:
            failing = True
            logger.warning("worker cannot look whether all is there", extra={"error": type(error).__name__})
        except Exception:  # a fault of ours must not end the looks: nobody would make schedules anew any more
            failing = True
            logger.exception("worker cannot look whether all is there")


async def look(client: Client, store: Store, task_queue: str) -> None:
    """One look: four small calls to Temporal and a statement, where all is there.

    Where search attributes are missing, one line says so; all that can do without is made, and sellers wait for `starter.py migrate`.

    Raises:
        RPCError, StoreError: Temporal or Postgres does not answer.
    """
    for one in await missing_schedules(client, task_queue):
        if one.id == watchdog_id(task_queue):
            try:
                await check(client)
            except AttributesMissingError as error:  # a workflow that writes one that is not there gets stuck
                logger.error("nobody is polled: %s", error)
                continue
        if await make(client, task_queue, one, at_once=True):
            logger.warning("a schedule was missing and is made anew", extra={"schedule": one.id})
    await compare_feed(client, store, task_queue)
