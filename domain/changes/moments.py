"""Moments of a stream that eBay cannot show: what was modified, or created, in them is possibly lost until it can."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """A window that is as narrow as can be and that eBay cannot answer; both ends included, eBay's clock."""

    start: datetime
    end: datetime
    reason: str  # the error's words, which hold no value of a document
