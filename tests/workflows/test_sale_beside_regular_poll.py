"""What a sale brought forward outlives the regular poll of the listings that comes just before: that poll may not show the sale yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from activities.polling.poll import Poll, PollResult
from domain.pacing import Stream
from workflows.state import PollingState

NOW = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def announced(in_: timedelta) -> PollingState:
    """The listings' round is due now, and a sale wants them read then."""
    state = PollingState.new("seller-1", NOW, (Stream.LISTINGS,))
    state.announce(PollResult(next_due=NOW, why="every 5 min", due_at={Stream.LISTINGS: NOW + in_}), NOW)
    return state


def poll(state: PollingState, now: datetime) -> Poll:
    request = state.request(Stream.LISTINGS, now)
    state.polled(Stream.LISTINGS, request, PollResult(next_due=now + 30 * MINUTE, why="every 30 min"), now, now)
    return request


def test_a_regular_poll_before_a_sale_can_be_read_leaves_its_reading_due() -> None:
    state = announced(in_=3 * MINUTE)

    request = poll(state, NOW)

    assert not request.announced
    assert state.next_due() == NOW + 3 * MINUTE
    assert poll(state, NOW + 3 * MINUTE).announced
    assert state.next_due() == NOW + 33 * MINUTE


def test_a_regular_poll_when_the_sale_can_be_read_is_its_reading() -> None:
    state = announced(in_=timedelta())

    poll(state, NOW)

    assert state.next_due() == NOW + 30 * MINUTE
