"""When a failure counts against a record, and when the record is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.changes.unreadable import (
    A_DAY,
    DAY,
    IN_A_ROW,
    LASTED,
    RETRIES,
    TIMES,
    after,
    alert,
    counts,
    left_today,
    reason,
    retry_after,
    words,
)

NOW = datetime(2026, 6, 18, 12, tzinfo=UTC)
LASTING = st.timedeltas(timedelta(), timedelta(days=3))


@given(st.integers(1, 10_000), LASTING)
def test_nothing_counts_while_nothing_tells_that_ebay_is_well(failing: int, lasted: timedelta) -> None:
    assert not counts(worked=False, failing=failing, lasted=lasted, well_since=False)


@given(st.integers(1, 10_000), LASTING, st.booleans())
def test_everything_counts_beside_one_of_the_same_kind_that_works(failing: int, lasted: timedelta, well: bool) -> None:
    assert counts(worked=True, failing=failing, lasted=lasted, well_since=well)


@given(st.integers(1, 10_000), LASTING)
def test_many_that_fail_beside_good_polls_of_other_kinds_are_an_outage_for_two_hours(failing: int, lasted: timedelta) -> None:
    assert counts(False, failing, lasted, well_since=True) == (failing < IN_A_ROW or lasted >= LASTED)


@given(st.lists(st.booleans(), max_size=12))
def test_a_record_is_set_aside_at_its_third_counted_failure_in_a_row_and_never_before(good: list[bool]) -> None:
    failures = 0
    for one in good:
        failures = 0 if one else failures + 1
        assert (after(failures, beside=0) is None) == (failures >= TIMES)
        if failures >= TIMES:
            break


@given(st.integers(1, 1_000))
def test_it_is_tried_ever_more_rarely_and_daily_in_the_end(attempts: int) -> None:
    assert retry_after(attempts) <= retry_after(attempts + 1) <= DAY
    assert retry_after(attempts) == (RETRIES[attempts - 1] if attempts < len(RETRIES) else DAY)


@given(st.lists(st.timedeltas(timedelta(), timedelta(hours=12)), max_size=200))
def test_no_day_has_more_than_twenty_tries(waits: list[timedelta]) -> None:
    now, began, spent, made = NOW, None, 0, []
    for wait in waits:
        now += wait
        if left_today(began, spent, now):
            began, spent = (began, spent + 1) if began and now - began < DAY else (now, 1)
            made.append((began, now))

    assert all(sum(one is at for at, _ in made) <= A_DAY for one, _ in made)


def test_the_words_name_what_is_missing() -> None:
    aside = {"order": 1, "fulfillment": 2, "inventory": 1, "window:orders": 3}

    assert words(aside, ("fulfillment", "order")) == "2 orders' parcels, 1 order set aside"
    assert words(aside, ("window:orders",)) == "3 windows set aside"
    assert words(aside, ("offer",)) == ""
    assert words({"order": 1_001}, ("order",)) == "over 1,000 orders set aside"
    assert reason(500, (30500,)).startswith("unreadable at eBay")
    assert "HTTP 500, errorId 30500" in reason(500, (30500,))


@pytest.mark.parametrize(("name", "shown"), [("A-1", "SKU A-1"), ("\x1b[2J", "SKU ?[2J"), ("x" * 99, "SKU " + "x" * 60 + "...")])
def test_an_alert_names_the_first_records_and_counts_the_others(name: str, shown: str) -> None:
    assert shown in alert({"inventory": 1}, [("inventory", name)])
    assert "and 7 more" in alert({"inventory": 12}, [("inventory", "A")] * 9)
    assert "without an id" in alert({"order": 1}, [("order", "")])
