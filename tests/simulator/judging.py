"""Events of a perfect reader, to be spoilt."""

from datetime import UTC, datetime, timedelta

from tests.simulator.perfect import Event

START = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)
END = START + timedelta(hours=30)


def renumbered(events: list[Event]) -> list[Event]:
    """Sequences and positions without a gap again: only the spoilt thing itself is to be found."""
    sequences: dict[str, int] = {}
    fresh = []
    for position, event in enumerate(events, 1):
        sequences[event["seller_id"]] = sequences.get(event["seller_id"], 0) + 1
        fresh.append({**event, "position": position, "sequence": sequences[event["seller_id"]]})
    return fresh
