"""Times inside the simulator are integers: milliseconds since 1970, UTC. Documents and ledger show them as `2026-06-18T13:27:24.000Z`."""

import re
from datetime import UTC, datetime, timedelta

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")


def to_ms(moment: datetime | int) -> int:
    """A timezone-aware datetime (or milliseconds, as they are) in milliseconds, rounded down."""
    if isinstance(moment, int):
        return moment
    return (moment - EPOCH) // timedelta(milliseconds=1)


def to_datetime(ms: int) -> datetime:
    """In UTC."""
    return EPOCH + timedelta(milliseconds=ms)


def iso(ms: int) -> str:
    """`2026-06-18T13:27:24.000Z`."""
    moment = to_datetime(ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def from_iso(text: str) -> int:
    """Strictly `YYYY-MM-DDThh:mm:ss[.sss]Z`, as eBay writes and takes it.

    Raises:
        ValueError: anything else, an impossible date too.
    """
    if not STAMP.fullmatch(text):
        raise ValueError("not a time as eBay writes it")
    return to_ms(datetime.fromisoformat(text))
