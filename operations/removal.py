"""Removing and erasing a seller: done in Postgres, whether or not Temporal can be reached."""

from __future__ import annotations

from temporalio.client import WorkflowExecutionStatus
from temporalio.service import RPCError

from operations.audit import audited
from operations.context import CommandContext
from store import UnknownSellerError
from workflows.client import TemporalUnavailableError, handle, is_missing

AT_ITS_NEXT_STEP = "the workflow could not be ended now; it ends by itself at its next step, or remove the seller again"


async def remove_seller(context: CommandContext, author: str, seller_id: str) -> str | None:
    """Stop in Postgres: from then on no step can commit, whether or not Temporal can be reached.

    Returns:
        what is left to happen, in words; None: nothing.
    Raises:
        UnknownSellerError: never enrolled.
    """
    await context.ask(context.store.seller, seller_id)
    async with audited(context, author, "seller.remove", seller_id):
        await context.ask(context.store.sellers.remove, seller_id)
        return await _end(context, seller_id)


async def erase_seller(context: CommandContext, author: str, seller_id: str) -> str | None:
    """Remove a seller and all that is stored of them, as `remove_seller`; of one erased before, end a workflow that still runs."""
    try:
        await context.ask(context.store.seller, seller_id)
    except UnknownSellerError:
        if not await _runs(context, seller_id):
            raise
        async with audited(context, author, "seller.erase", seller_id):
            return await _end(context, seller_id)
    async with audited(context, author, "seller.erase", seller_id):
        await context.ask(context.store.sellers.remove, seller_id, erasing=True)
        left = await _end(context, seller_id)
        await context.ask(context.store.sellers.erase, seller_id)
        return left


async def _end(context: CommandContext, seller_id: str) -> str | None:
    """What is left to happen, where Temporal is away; it is none of the removal's failure."""
    context.recent_activity.forget(seller_id)
    try:
        await handle(await context.temporal(), seller_id).terminate("the seller was removed")
    except RPCError as error:
        return None if is_missing(error) else f"{AT_ITS_NEXT_STEP} ({error.message})"
    except TemporalUnavailableError as error:
        return f"{AT_ITS_NEXT_STEP} ({error})"
    return None


async def _runs(context: CommandContext, seller_id: str) -> bool:
    """Whether it is known that a workflow of the seller runs."""
    try:
        description = await handle(await context.temporal(), seller_id).describe()
    except (RPCError, TemporalUnavailableError):
        return False
    return description.status is WorkflowExecutionStatus.RUNNING
