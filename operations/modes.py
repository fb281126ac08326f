"""How a seller is watched: by polling, by polling compared with notifications, or by notifications with polling as the safety net."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from activities.fleet.comparing import compared, evaluate
from domain.comparison import Mode
from domain.pacing import Stream
from operations.audit import audited
from operations.context import CommandContext
from operations.errors import FailedError
from operations.reconciling import LAST
from operations.steering import signal_each, steered_sellers
from store.schema.kinds import AlertKind
from workflows.client import TemporalUnavailableError
from workflows.messages import PollNow
from workflows.seller_polling import SellerPolling

AFTER_WEBHOOKS = (AlertKind.NOT_NOTIFIED, AlertKind.NOTIFICATIONS_STOPPED)


class NotReadyError(FailedError):
    """The seller is not ready for webhooks. Nothing was changed. Act: wait, or insist."""


@dataclass(frozen=True, slots=True)
class ModeChange:
    """What a change of the mode came to. `why`: of `ready`, in words; `at_once`: orders are polled now, as polls were rare."""

    seller_id: str
    mode: Mode
    before: Mode
    ready: bool
    why: str
    changed: bool
    at_once: bool

    def fields(self) -> dict[str, Any]:
        """As `--json` gives it."""
        shown = ("seller_id", "mode", "before", "ready", "why")
        return {name: value.value if isinstance(value, Mode) else value for name, value in asdict(self).items() if name in shown}


async def set_mode(context: CommandContext, author: str, seller_id: str, to: Mode, force: bool = False) -> ModeChange:
    """Change how a seller is watched; to the same mode is fine.

    Raises:
        UnknownSellerError: not enrolled.
        NotReadyError: to webhooks, and neither ready nor `force`.
    """
    store = context.store
    now = await context.ask(store.modes.clock)
    state = await context.ask(compared, store, seller_id, now - LAST, now)
    before = state.watch.mode
    if to is Mode.WEBHOOKS and before is not to and not state.verdict.ready and not force:
        raise NotReadyError(f"{seller_id} is not ready for webhooks: {state.verdict.why}. With --force it is done all the same")
    async with audited(context, author, "seller.mode", seller_id, before={"mode": before.value}, after={"mode": to.value, "force": force}):
        if to is Mode.WEBHOOKS and before is Mode.SHADOW:
            await context.ask(evaluate, store, seller_id)  # from how many orders were announced follows how rare polls may be
        changed = await context.ask(store.modes.set, seller_id, to)
        for kind in (*AFTER_WEBHOOKS, AlertKind.READY_FOR_WEBHOOKS) if changed else ():
            await context.ask(store.close_alert, kind, seller_id)
    hurried = changed and before is Mode.WEBHOOKS and await _hurry(context, seller_id)
    return ModeChange(seller_id, to, before, state.verdict.ready, state.verdict.why, changed, hurried)


async def _hurry(context: CommandContext, seller_id: str) -> bool:
    """Polls were rare: the next one must not wait for its hour. Without Temporal it comes when it was due."""
    try:
        client = await context.temporal()
    except TemporalUnavailableError:
        return False
    await signal_each(context, client, await steered_sellers(context, seller_id), SellerPolling.poll_now, PollNow(stream=Stream.ORDERS))
    return True
