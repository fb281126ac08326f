"""What people set for a seller, as the database has it and as JSON shows it. What is over by now is as if it were not there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from domain.seller_state import PauseFacts, SpeedUpFacts
from store.schema.times import iso


def pause_of(overrides: Mapping[str, Any], now: datetime) -> PauseFacts | None:
    """Of `OperatorOverrides` in JSON. An older version stores the reason alone, and a pause that ended stays there until the next poll."""
    if not (reason := overrides.get("paused")):
        return None
    facts = PauseFacts.of({**(overrides.get("pause") or {}), "reason": reason})
    return None if facts.is_over(now) else facts


def speed_up_of(overrides: Mapping[str, Any], now: datetime) -> SpeedUpFacts | None:
    """Likewise."""
    facts = SpeedUpFacts.of(overrides["speed_up"]) if overrides.get("speed_up") else None
    return None if facts is None or facts.is_over(now) else facts


def pause_fields(facts: PauseFacts | None) -> dict[str, Any] | None:
    """`paused` of `status --json`; `PauseFacts.of` reads it."""
    return {"reason": facts.reason, "until": iso(facts.until), "by": facts.by, "since": iso(facts.since)} if facts else None


def speed_up_fields(facts: SpeedUpFacts | None) -> dict[str, Any] | None:
    """`speed_up` of `status --json`; `SpeedUpFacts.of` reads it."""
    return {"every_s": facts.every_s, "until": iso(facts.until), "by": facts.by} if facts else None
