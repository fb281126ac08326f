"""Which readings of stock are taken, and which wait for a second one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.changes.readings import JITTER, LastReading, Trust, trust
from domain.waits import EBAYS

NOON = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)
seconds = st.integers(-3_000, 3_000).map(lambda number: NOON + timedelta(seconds=number))


def after(**by: float) -> datetime:
    return NOON + timedelta(**by)


def last(**fields: Any) -> LastReading:
    return LastReading(**{"as_of": NOON, "alone": False, "sold": 5, "sold_at": None, "held_at": None, **fields})


LISTED = {"quantitySold": 5}
FEWER = {"quantitySold": 3}


def test_a_reading_that_is_older_than_the_stored_one_is_never_taken() -> None:
    assert trust(last(), LISTED, after(seconds=-11), by_index=False) is Trust.OLDER
    assert trust(last(held_at=after(hours=-1)), LISTED, after(minutes=-3), by_index=True) is Trust.OLDER


def test_a_date_some_seconds_behind_is_no_older_reading() -> None:
    assert trust(last(), LISTED, NOON - JITTER, by_index=True) is Trust.TAKE


@pytest.mark.parametrize(("minutes", "taken"), [(3, Trust.WAIT), (5, Trust.TAKE)])
def test_a_list_waits_that_differs_from_a_fresh_answer_about_the_listing_alone(minutes: int, taken: Trust) -> None:
    assert trust(last(alone=True), LISTED, after(minutes=minutes), by_index=True) is taken


@pytest.mark.parametrize(("minutes", "taken"), [(3, Trust.WAIT), (5, Trust.TAKE)])
def test_a_list_waits_where_fewer_are_sold_just_after_a_sale(minutes: int, taken: Trust) -> None:
    assert trust(last(sold_at=NOON), FEWER, after(minutes=minutes), by_index=True) is taken


@pytest.mark.parametrize("document", [LISTED, {"quantitySold": 9}, {}, {"quantitySold": "3"}])
def test_just_after_a_sale_every_other_reading_is_taken(document: dict[str, Any]) -> None:
    assert trust(last(sold_at=NOON), document, after(seconds=30), by_index=True) is Trust.TAKE


def test_the_answer_about_one_listing_alone_waits_for_nothing() -> None:
    assert trust(last(alone=True, sold_at=NOON), FEWER, after(seconds=30), by_index=False) is Trust.TAKE


@given(as_of=seconds, sold_at=seconds | st.none(), held_at=seconds, alone=st.booleans(), waited=st.integers(240, 9_000))
def test_nothing_waits_longer_than_four_minutes(as_of: datetime, sold_at: Any, held_at: datetime, alone: bool, waited: int) -> None:
    found = last(as_of=as_of, sold_at=sold_at, held_at=held_at, alone=alone)

    assert trust(found, FEWER, held_at + timedelta(seconds=waited), by_index=True) is not Trust.WAIT
    assert EBAYS.index_lag == timedelta(minutes=4)
