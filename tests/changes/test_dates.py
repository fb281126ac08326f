from datetime import UTC, datetime
from typing import Any

import pytest

from changes.dates import read_time


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
