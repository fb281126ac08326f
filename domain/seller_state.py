"""A seller's state, in one word and in a sentence, decided once: for the workflow, its card, `status`, `list`, the page and metrics. Pure.

Each caller brings the same facts from where it has them: the workflow from its own state, everybody else from Postgres.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

State = Literal["polling", "paused", "needs_reauthorization", "waiting_for_quota", "ebay_down", "failing", "removed"]
GRAVITY: tuple[State, ...] = ("needs_reauthorization", "ebay_down", "failing", "waiting_for_quota", "paused", "polling", "removed")
"""The order in which people look at them."""


class Wait(StrEnum):
    """What a stream waits for, by no fault of its seller."""

    QUOTA = "quota"  # eBay's calls of the day are spent
    RESERVE = "reserve"  # what is left of them is kept back for people and sweeps
    TOKENS = "tokens"  # eBay gives no more access tokens for now
    KEYS = "keys"  # eBay refuses the application's keys, or consents in a way that tells of the keys
    OUTAGE = "outage"  # eBay is down for everybody, or cannot be reached
    ACCOUNT = "account"  # whose eBay account it is has to be learnt first


WAITS = {one.value: one for one in Wait}
CALLS = (Wait.QUOTA, Wait.RESERVE, Wait.TOKENS)


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """One stream of a seller.

    Attributes:
        why: in words, what the next poll waits for.
        stopped: in words, why this stream alone needs a new consent.
        last_error: of the latest of `failures` in a row.
    """

    stream: str
    why: str = ""
    failures: int = 0
    last_error: str | None = None
    stopped: str | None = None
    waits_for: Wait | None = None


def seller_state(
    streams: Sequence[StreamFacts], *, removed: str | None = None, dead: str | None = None, paused: str | None = None
) -> tuple[State, str]:
    """The gravest comes first; of the streams, the first that has it.

    Args:
        removed: in words, since when the seller is no longer enrolled; None: they are.
        dead: in words, why the consent is no longer good.
        paused: the reason that was given.
    Returns:
        the state and its reason, which is empty where nobody has to know one.
    """
    if removed is not None:
        return "removed", removed
    if dead is not None:
        return "needs_reauthorization", dead
    if paused is not None:
        return "paused", paused
    for one in streams:
        if one.waits_for is Wait.OUTAGE:
            return "ebay_down", f"{one.stream}: {one.why}"
    for one in streams:
        if reason := failing(one):
            return "failing", f"{one.stream}: {reason}"
    for one in streams:
        if one.waits_for in CALLS:
            return "waiting_for_quota", f"{one.stream}: {one.why}"
    return "polling", "; ".join(f"{one.stream}: {one.why}" for one in streams if one.why)


def failing(one: StreamFacts) -> str | None:
    """Why a stream cannot be read, where somebody may have to act; None: it can."""
    if one.stopped:
        return one.stopped
    if one.failures:
        return f"{one.last_error}, {times(one.failures)}"
    return one.why if one.waits_for is Wait.KEYS else None


def times(failures: int) -> str:
    """For people: `once`, `3 times in a row`."""
    return "once" if failures == 1 else f"{failures} times in a row"


def as_wait(name: str | None) -> Wait | None:
    """As it is stored; what another version wrote and this one does not know is as if nothing were there."""
    return WAITS.get(name) if name else None
