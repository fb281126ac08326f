"""Trying again by hand what is set aside."""

from __future__ import annotations

from collections.abc import Callable

from operations.audit import audited
from operations.context import CommandContext


async def retry_set_aside(
    context: CommandContext, author: str, aside_id: int, sees: Callable[[str], bool] = lambda seller_id: True
) -> bool | None:
    """As `Store.retry_set_aside`: True, it is stored; False, refused or to be asked for again; None, there is none of that id.

    `sees`: whether who asks may know of a seller; of another's there is none.

    Raises:
        UnknownSellerError: its seller was removed.
    """
    seller_id = await context.ask(context.store.lists.seller_of_set_aside, aside_id)
    if seller_id is None or not sees(seller_id):
        return None
    async with audited(context, author, "set_aside.retry", seller_id, subject=str(aside_id)):
        return await context.ask(context.store.retry_set_aside, aside_id)
