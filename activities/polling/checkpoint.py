"""Where a read of several steps goes on: what a step leaves to the next one of its stream, as JSON beside the cursor (`streams.reading`).

One frozen model a stream. Rows outlive versions, and workers of two versions share them. So a model reads what any version wrote: one
validator takes an old shape for what it meant, and what no version wrote begins the read anew. And it writes what the version before reads:
keys keep their spelling (aliases), fields without a default are always written, those with one only where they differ from it. So a
default stays what it is.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError

from domain.changes.dates import read_time
from ebay.clock import floor_ms
from ebay.narrowing import LearnedWidth
from store.schema.times import iso

logger = logging.getLogger("sellerbeat.steps")
YEARS = range(100, 9900)  # nearer to the calendar's ends no time can be reckoned with
LONGEST_S = 1e9


class Checkpoint(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)

    @classmethod
    def read(cls, stored: object) -> Self | None:
        """What an earlier step left, of this version or another. None: nothing, or nothing that can be read, so the read begins anew."""
        if stored is None:
            return None
        try:
            return cls.model_validate(stored)
        except ValidationError as error:
            extra = {"checkpoint": cls.__name__, "errors": error.error_count()}
            logger.warning("a checkpoint cannot be read: what it was for begins anew", extra=extra)
            return None

    def as_json(self) -> Any:
        """For `commit.advance`. None: there is nothing that the next step must know."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True) or None

    def move(self, **fields: object) -> Self:
        """The same, with these fields changed."""
        if unknown := fields.keys() - type(self).model_fields.keys():
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")
        return type(self).model_validate({**dict(self), **fields})


def _time(value: object) -> datetime:
    found = value if isinstance(value, datetime) else read_time(value)
    if found is None or found.tzinfo is None or found.year not in YEARS:
        raise ValueError("no time")
    return floor_ms(found)


def _seconds(value: object) -> timedelta | None:
    if isinstance(value, timedelta):
        return value
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < LONGEST_S
    return timedelta(seconds=value) if good else None  # type: ignore[arg-type]


def _width(value: object) -> LearnedWidth | None:
    """A width that makes no sense is none: it is soon learned again."""
    if not isinstance(value, dict):
        return value if isinstance(value, LearnedWidth) else None
    most, good = _seconds(value.get("width_s")), _seconds(value.get("good_s"))
    if most is None and good is None:
        return None
    return LearnedWidth(most, good, most is not None and good is not None and value.get("proven") is True)


def _width_json(width: LearnedWidth | None) -> dict[str, Any] | None:
    if width is None:
        return None
    seconds = {"width_s": width.most, "good_s": width.good}
    return {**{name: one.total_seconds() for name, one in seconds.items() if one}, "proven": width.proven}


Time = Annotated[datetime, BeforeValidator(_time), PlainSerializer(iso)]
"""UTC, cut to the millisecond, which is the grain of eBay's filters: `2026-06-18T13:27:24.000Z`."""
Seconds = Annotated[timedelta, BeforeValidator(_seconds), PlainSerializer(timedelta.total_seconds)]
StoredWidth = Annotated[LearnedWidth | None, BeforeValidator(_width), PlainSerializer(_width_json)]
"""So wide a window may be for eBay to answer it: `{"width_s": 900.0, "good_s": 800.0, "proven": true}`."""
Count = Annotated[int, Field(ge=0, lt=2**31)]
ScanId = Annotated[int, Field(ge=0, lt=2**63)]
"""Of `scan_pages`: the epoch of the step that began the scan."""
