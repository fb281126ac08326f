"""Where a new seller's orders are read from: neither eBay's clock nor ours is believed alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.pacing import Stream
from operations.enrolment import read_from
from tests.support.rig import Rig, rig


def near(found: datetime, expected: datetime) -> bool:
    return abs(found - expected) < timedelta(seconds=30)


@pytest.mark.parametrize("ahead", [timedelta(minutes=30), timedelta(hours=3), timedelta(hours=23)])
def test_an_answer_dated_ahead_begins_no_cursor_ahead(ahead: timedelta) -> None:
    assert near(read_from(datetime.now(UTC) + ahead), datetime.now(UTC))


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(hours=-1), timedelta(days=-400)])
def test_an_answer_dated_behind_is_believed(ahead: timedelta) -> None:
    assert near(read_from(datetime.now(UTC) + ahead), datetime.now(UTC) + ahead)


def test_a_machine_without_a_clock_reads_a_day_at_most() -> None:
    assert near(read_from(datetime.now(UTC) + timedelta(days=9_000)), datetime.now(UTC) + timedelta(days=8_999))


def test_what_changes_after_an_enrolment_dated_ahead_is_told(database: str) -> None:
    with rig(database, "anna") as it:
        enroll_dated_ahead(it)
        order = it.world.place_order("anna")
        it.advance(hours=1)

        it.poll("anna")
        it.poll("anna", Stream.BACKFILL)

        assert set(it.stored("anna")) == {order}


def enroll_dated_ahead(it: Rig) -> None:
    now = it.world.clock.now()
    token, ahead = it.world.refresh_token("anna"), now + timedelta(hours=3)
    it.store.sellers.enroll("anna", token, scopes=[], now_ebay=ahead, read_from=now, backfill_from=now - timedelta(days=9))
