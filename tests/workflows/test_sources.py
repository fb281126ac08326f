"""Where a seller's stock is read changes by a signal: streams end and begin, and one that is wanted again is not lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from activities.polling.poll import PollResult
from domain.pacing import Stream
from workflows.state import PollingState

NOW = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)
READ = (Stream.INVENTORY, Stream.LISTINGS, Stream.REPORT)
OVER = PollResult(next_due=NOW, why="not read", done=True)


def seller(*streams: Stream) -> PollingState:
    state = PollingState.new("anna", NOW + timedelta(hours=1), streams)
    state.streams[Stream.INVENTORY].cadence = timedelta(minutes=7)
    return state


def test_streams_begin_at_once_with_the_cadence_that_people_set_and_are_in_their_order() -> None:
    state = seller(Stream.ORDERS, Stream.BACKFILL, Stream.INVENTORY)

    state.read_by(READ, (Stream.OFFERS,), NOW)

    assert list(state.streams) == [Stream.ORDERS, *READ, Stream.BACKFILL]
    assert state.due(NOW) == [Stream.LISTINGS, Stream.REPORT]
    assert [state.streams[stream].cadence for stream in READ] == [timedelta(minutes=7), timedelta(minutes=7), None]


def test_a_stream_that_is_over_is_asked_at_once_and_ends_by_its_own_word() -> None:
    state = seller(*READ)

    state.read_by((Stream.INVENTORY,), (Stream.LISTINGS, Stream.REPORT, Stream.OFFERS), NOW)
    due = state.due(NOW)
    for stream in due:
        state.polled(stream, state.request(stream, NOW), OVER, NOW, NOW)

    assert due == [Stream.LISTINGS, Stream.REPORT]
    assert list(state.streams) == [Stream.INVENTORY]


def test_told_twice_is_told_once() -> None:
    once, twice = seller(Stream.INVENTORY), seller(Stream.INVENTORY)

    once.read_by(READ, (), NOW)
    twice.read_by(READ, (), NOW)
    twice.read_by(READ, (), NOW)

    assert twice.due(NOW) == once.due(NOW)
    assert list(twice.streams) == list(once.streams)


def test_a_stream_that_is_wanted_again_while_its_last_step_runs_is_polled_again() -> None:
    state = seller(*READ)
    state.read_by((), (Stream.LISTINGS,), NOW)
    request = state.request(Stream.LISTINGS, NOW)
    state.streams[Stream.LISTINGS].asked = state.streams[Stream.LISTINGS].restarted = False  # as the workflow does when a step begins

    state.read_by(READ, (), NOW)
    state.polled(Stream.LISTINGS, request, OVER, NOW, NOW)

    assert state.due(NOW) == [Stream.LISTINGS]
