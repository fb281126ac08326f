"""What the peer's loop and its activities send each other. A file of its own: a sandboxed workflow file is built anew for each workflow."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import BaseModel


class LoopRequest(BaseModel, frozen=True):
    seller_id: str
    every: timedelta


class LoopAnswer(BaseModel, frozen=True):
    changes: int = 0
    next_due: datetime
    why: str


class LoopState(BaseModel):
    seller_id: str
    activity: str
    every: timedelta
    next_due: datetime
    why: str = "first poll"
    paused: bool = False
