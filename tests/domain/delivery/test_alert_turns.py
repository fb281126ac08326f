"""The minute of an endpoint for people: at most one message in any of them, and each change is said at least once, whoever dies when."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.delivery.alert_turns import EVERY, GATHER, LATER, LONGEST_SENDING, AlertTurn

BEGIN = datetime(2026, 12, 1, 3, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
# How a look of a worker ends: nothing special, it dies before or after its message, or the receiver fails.
ENDINGS = ("well", "dies before", "dies after", "refused", "refused after it was read")


@dataclass
class Played:
    """An endpoint in Postgres, and what its receiver read: when, and up to where."""

    turn: AlertTurn = field(default_factory=lambda: AlertTurn(0))
    changes: list[datetime] = field(default_factory=list)
    read: list[tuple[datetime, int]] = field(default_factory=list)
    claims: int = 0

    def look(self, now: datetime, ending: str, took: timedelta) -> datetime:
        """As `AlertMessenger.write` does. Returns when it ended."""
        behind = self.changes[self.turn.position :]
        if not self.turn.is_due(behind[0] if behind else None, now):
            return now
        self.claims += 1
        position, self.turn = len(self.changes), self.turn.claimed(str(self.claims), now)
        if ending == "dies before":
            return now
        if ending != "refused":
            self.read.append((now + took, position))
        if ending in ("well", "refused", "refused after it was read"):
            ended = now + took
            self.turn = self.turn.delivered(position, ended) if ending == "well" else self.turn.failed(ended, 0.5)
            return ended
        return now


STEPS = st.tuples(
    st.integers(0, 3),  # changes that happen
    st.integers(0, 90),  # seconds until the next look
    st.sampled_from(ENDINGS),
    st.integers(0, int(LONGEST_SENDING.total_seconds())),
)


@given(st.lists(STEPS, max_size=60))
def test_every_change_is_said_and_no_two_messages_come_within_a_minute(steps: list[tuple[int, int, str, int]]) -> None:
    played, now = Played(), BEGIN
    for happened, passed, ending, took in steps:
        played.changes += [now] * happened
        now = played.look(now, ending, took * SECOND) + passed * SECOND
    while played.turn.position < len(played.changes):  # from now on all is well
        now = max(played.look(now, "well", SECOND), *(one for one in (played.turn.not_before, played.turn.retry_at) if one), now + SECOND)

    times = [moment for moment, _ in played.read]
    assert all(later - earlier >= EVERY for earlier, later in pairwise(times))
    assert max((position for _, position in played.read), default=0) == len(played.changes)


def test_the_first_change_waits_for_its_like_and_no_longer() -> None:
    turn = AlertTurn(0)

    assert not turn.is_due(None, BEGIN)
    assert not turn.is_due(BEGIN, BEGIN + GATHER - SECOND)
    assert turn.is_due(BEGIN, BEGIN + GATHER)
    assert not turn.is_due(BEGIN, BEGIN + LATER - SECOND, urgent=False)
    assert turn.is_due(BEGIN, BEGIN + LATER, urgent=False)


def test_a_message_has_a_minute_of_its_own_whatever_happens() -> None:
    turn = AlertTurn(0).claimed("a", BEGIN).delivered(1, BEGIN)

    assert not turn.is_due(BEGIN, BEGIN + EVERY - SECOND)
    assert turn.is_due(BEGIN, BEGIN + EVERY)


def test_a_failure_is_tried_again_after_a_minute_and_then_ever_more_rarely() -> None:
    once = AlertTurn(0).claimed("a", BEGIN).failed(BEGIN, 0.5)
    twice = once.failed(BEGIN, 0.5)

    assert not once.is_due(BEGIN, BEGIN + EVERY - SECOND)
    assert once.is_due(BEGIN, BEGIN + EVERY)
    assert not twice.is_due(BEGIN, BEGIN + timedelta(minutes=4))
    assert twice.is_due(BEGIN, BEGIN + timedelta(minutes=6))


def test_what_a_receiver_asks_for_is_waited_for() -> None:
    turn = AlertTurn(0).failed(BEGIN, 0.5, asked_s=600)

    assert not turn.is_free(BEGIN + timedelta(minutes=9))
    assert turn.is_free(BEGIN + timedelta(minutes=10))
