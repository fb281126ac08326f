"""Of sellers in webhooks: whether notifications can still be relied on, and how much polls must find. Decided in the orders poll."""

from __future__ import annotations

from domain.comparison import TOPICS, Mode, silent
from domain.comparison.compare import overdue
from domain.pacing import SellerPace, Stream, unseen_share
from domain.pacing.estimate import long_rate
from domain.pacing.timer import SOME
from store import Commit, StepLease
from store.schema.kinds import AlertKind

LOST_TEXT = (
    "polling found {count} that no notification told within 15 minutes, so the seller is in shadow again, with polling as before: "
    "starter.py reconcile names what was not told"
)
STOPPED_TEXT = (
    "no notification came since {since:%Y-%m-%d %H:%M} UTC, though orders were due, "
    "so the seller is in shadow again, with polling as before"
)


def share(commit: Commit, step: StepLease, pace: SellerPace) -> float:
    """The share of orders that polls must find, for `pacing`: 1 unless notifications are relied on and keep what they promise.

    Where they do not, the mode is shadow again with this very commit, and an alert says why: the next interval is that of polling.
    """
    if step.stream is not Stream.ORDERS or step.mode is not Mode.WEBHOOKS or step.mode_since is None:
        return 1.0
    lost = [one for one in commit.unnotified(step.mode_since) if one.topic in TOPICS]
    missed = sum(overdue(one, step.now) for one in lost)
    last = max(step.notified_at or step.mode_since, step.mode_since)
    if missed:
        count = "an order" if missed == 1 else f"{missed} orders"
        commit.back_to_shadow(AlertKind.NOT_NOTIFIED, LOST_TEXT.format(count=count))
    elif silent(last, step.now, long_rate(pace, SOME)):
        commit.back_to_shadow(AlertKind.NOTIFICATIONS_STOPPED, STOPPED_TEXT.format(since=last))
    else:
        return unseen_share(step.polls_first, step.orders)
    return 1.0
