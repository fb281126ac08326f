from datetime import UTC, datetime
from typing import Any

import pytest

from domain.changes.dates import modified_at, read_time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-06-18T13:27:24.746Z", datetime(2026, 6, 18, 13, 27, 24, 746_000, UTC)),
        ("2026-06-18T13:27:24Z", datetime(2026, 6, 18, 13, 27, 24, tzinfo=UTC)),
        ("2026-06-18T15:27:24+02:00", datetime(2026, 6, 18, 13, 27, 24, tzinfo=UTC)),
        ("2026-06-18T13:27:24", datetime(2026, 6, 18, 13, 27, 24, tzinfo=UTC)),
    ],
)
def test_a_time_is_read_in_utc(text: str, expected: datetime) -> None:
    time = read_time(text)

    assert time == expected
    assert time.tzinfo is UTC


@pytest.mark.parametrize(
    "value", [None, 7, True, {}, [], "", "soon", "2026-13-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-01:00"]
)
def test_what_is_no_time_is_none(value: Any) -> None:
    assert read_time(value) is None


NOW = datetime(2026, 6, 18, 14, tzinfo=UTC)
PLACED = "2026-06-18T13:27:24.000Z"


@pytest.mark.parametrize("date", ["2026-06-18T13:27:24.000Z", "2026-06-18T13:59:59.999Z", "2026-06-18T14:00:09Z"])
def test_an_orders_date_between_its_creation_and_ebays_clock_counts(date: str) -> None:
    assert modified_at({"creationDate": PLACED, "lastModifiedDate": date}, NOW) == read_time(date)


@pytest.mark.parametrize(
    "date", ["2026-06-18T14:00:11Z", "2106-02-07T06:28:15Z", "9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "soon", None, 7]
)
def test_an_orders_date_that_cannot_be_counts_as_none(date: object) -> None:
    assert modified_at({"creationDate": PLACED, "lastModifiedDate": date}, NOW) is None


@pytest.mark.parametrize("placed", ["2106-02-07T06:28:15Z", "long ago", None])
def test_a_creation_date_that_cannot_be_says_nothing_about_the_other(placed: object) -> None:
    assert modified_at({"creationDate": placed, "lastModifiedDate": PLACED}, NOW) == read_time(PLACED)


@pytest.mark.parametrize("order", [None, [], "x", {}])
def test_what_is_no_order_has_no_date(order: object) -> None:
    assert modified_at(order, NOW) is None
