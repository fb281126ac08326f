"""A seller's state, in one word and in a sentence, decided once: for the workflow, its card, `status`, `list`, the page and metrics. Pure.

Each caller brings the same facts from where it has them: the workflow from its own state, everybody else from Postgres.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from domain.authors import Author
from domain.pacing.words import words

State = Literal["polling", "paused", "needs_reauthorization", "waiting_for_quota", "ebay_down", "failing", "stalled", "removed"]
GRAVITY: tuple[State, ...] = (
    *("stalled", "needs_reauthorization", "ebay_down", "failing", "waiting_for_quota", "paused", "polling", "removed"),
)
"""The order in which people look at them."""


class Wait(StrEnum):
    """What a stream waits for, by no fault of its seller."""

    QUOTA = "quota"  # eBay's calls of the day are spent
    RESERVE = "reserve"  # what is left of them is kept back for people and sweeps
    TOKENS = "tokens"  # eBay gives no more access tokens for now
    KEYS = "keys"  # eBay refuses the application's keys, or consents in a way that tells of the keys
    OUTAGE = "outage"  # eBay is down for everybody, or cannot be reached
    ACCOUNT = "account"  # whose eBay account it is has to be learnt first


LONGEST = timedelta(days=366)  # of a pause that has an end, and of a speed-up
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


@dataclass(frozen=True, slots=True)
class PauseFacts:
    """What is known of a pause. What older versions stored, and told their workflows, is the reason alone.

    Attributes:
        until: UTC; then it ends by itself. None: when somebody resumes.
        by: an `Author` as text.
        since: UTC, when it was said.
    """

    reason: str
    until: datetime | None = None
    by: str | None = None
    since: datetime | None = None

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> PauseFacts:
        """As `status --json` and the database have it."""
        return cls(str(fields["reason"]), _moment(fields.get("until")), fields.get("by"), _moment(fields.get("since")))

    def is_over(self, now: datetime) -> bool:
        """It ended by itself."""
        return self.until is not None and self.until <= now

    @property
    def is_bare(self) -> bool:
        """No more is known than the reason."""
        return self.until is None and self.by is None

    def words(self) -> str:
        """`paused until 2026-12-01 08:00 UTC by ci: stock-take`; of a bare one the reason, as it was given."""
        return self.reason if self.is_bare else f"paused{_until(self.until)}{_by(self.by)}: {self.reason}"


@dataclass(frozen=True, slots=True)
class SpeedUpFacts:
    """A speed-up: `every_s` seconds between polls until `until` (UTC). `by`: an `Author` as text."""

    every_s: float
    until: datetime
    by: str | None = None

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> SpeedUpFacts | None:
        """As `status --json` and the database have it; None: it has no interval or no end, so it is none."""
        every_s, until = fields.get("every_s"), _moment(fields.get("until"))
        return None if every_s is None or until is None else cls(float(every_s), until, fields.get("by"))

    def is_over(self, now: datetime) -> bool:
        """Polls are as often as before it."""
        return self.until <= now

    def words(self) -> str:
        """`speeded up until 2026-12-01 08:00 UTC by alice: every 30 s`."""
        return f"speeded up{_until(self.until)}{_by(self.by)}: every {words(self.every_s)}"


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _until(moment: datetime | None) -> str:
    """To the minute, which is not over before it."""
    return "" if moment is None else f" until {_whole_minute(moment.astimezone(UTC)):%Y-%m-%d %H:%M} UTC"


def _whole_minute(moment: datetime) -> datetime:
    floor = moment.replace(second=0, microsecond=0)
    return floor if floor == moment else floor + timedelta(minutes=1)


def _by(author: str | None) -> str:
    known = Author.parse(author)
    return f" by {known.words()}" if known else ""


def seller_state(
    streams: Sequence[StreamFacts],
    *,
    removed: str | None = None,
    dead: str | None = None,
    paused: str | None = None,
    stalled: str | None = None,
) -> tuple[State, str]:
    """The gravest comes first; of the streams, the first that has it.

    Args:
        removed: in words, since when the seller is no longer enrolled; None: they are.
        dead: in words, why the consent is no longer good.
        paused: the reason that was given.
        stalled: why nobody at all is polled (domain/health.py: standstill).
    Returns:
        the state and its reason, which is empty where nobody has to know one.
    """
    if removed is not None:
        return "removed", removed
    if dead is not None:
        return "needs_reauthorization", dead
    if paused is not None:
        return "paused", paused
    if stalled is not None:
        return "stalled", stalled
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
