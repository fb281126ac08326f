"""When to come back: `pacing/` asked with what the step knows. The answer travels to the workflow, which obeys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from activities.poll import Poll
from pacing import Facts, SellerPace, Settings, Stream, next_poll

NEVER_BUSY = 2**31


class Pace:
    def __init__(self, every: Mapping[Stream, timedelta]) -> None:
        """`every`: the base interval of each stream."""
        self.rules = {stream: Settings(base_s=base.total_seconds()) for stream, base in every.items()}
        for stream in self.rules.keys() - {Stream.ORDERS}:  # sales make orders urgent, not the slower rounds
            self.rules[stream] = replace(self.rules[stream], busy_sales=NEVER_BUSY)

    def after(
        self, stream: Stream, request: Poll, *, now: datetime, last_change: datetime, sales_30d: int, enrolled_cadence: timedelta | None
    ) -> tuple[datetime, str]:
        """The next poll (UTC) and why then, in words."""
        cadence = request.cadence or enrolled_cadence
        facts = Facts(
            sales_30d=sales_30d,
            last_login=request.active_at.timestamp() if request.active_at else None,
            cadence_s=cadence.total_seconds() if cadence else None,
            speed_up_s=request.speed_up.total_seconds() if request.speed_up else None,
        )
        at, why = next_poll(SellerPace(last_change=last_change.timestamp()), facts, now.timestamp(), self.rules[stream])
        return now + timedelta(seconds=at - now.timestamp()), why
