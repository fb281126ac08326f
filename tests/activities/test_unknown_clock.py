"""A process that knows nothing of eBay's clock yet, and an answer that does not tell it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from simulator import Hostility
from tests.support.rig import rig


def test_a_first_answer_without_a_date_moves_no_cursor_ahead_of_ebays_clock(database: str) -> None:
    with rig(database, "anna") as anna:
        anna.world.clock.set(datetime.now(UTC) - timedelta(minutes=30))  # eBay's clock, or ours, is off
        anna.enroll("anna")
        anna.world.hostility = Hostility(dateless=1.0)
        anna.poll("anna")
        anna.world.hostility = None
        anna.advance(minutes=1)
        order = anna.world.place_order("anna")
        anna.advance(minutes=1)

        anna.poll("anna")

        assert set(anna.stored("anna")) == {order}
