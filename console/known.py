"""Whether a seller that somebody named is one of ours."""

from __future__ import annotations

from collections.abc import Sized

from operations.context import CommandContext


def seller_is_known(context: CommandContext, seller_id: str) -> None:
    """Raises UnknownSellerError: never enrolled, or erased. A removed one is known."""
    from store.reading.overview import Overview

    Overview(context.store.engine).known(seller_id)


def none_found(context: CommandContext, seller_id: str | None, rows: Sized) -> None:
    """That nothing is found of a seller may be since there is none of that id. What is left of one who was erased is shown.

    Raises UnknownSellerError.
    """
    if seller_id is not None and not rows:
        seller_is_known(context, seller_id)
