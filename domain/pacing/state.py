"""A seller's pace as numbers, for a column beside the cursor: nine of them, and losing them loses no order."""

import math
from collections.abc import Sequence
from dataclasses import fields

from domain.pacing.model import SellerPace

TIMES = ("last_change", "seen_to")
NAMES = tuple(field.name for field in fields(SellerPace))  # in the order in which they are stored: new ones come last


def to_numbers(pace: SellerPace) -> list[float]:
    """Times to the millisecond, the rest to six digits."""
    values = ((name, getattr(pace, name)) for name in NAMES)
    return [round(value, 3) if name in TIMES else float(f"{value:.6g}") for name, value in values]


def from_numbers(numbers: Sequence[float]) -> SellerPace:
    """More than are known are dropped and missing ones take their defaults, so that versions can be mixed.

    Raises:
        ValueError: this is no pace; to be taken for a seller just enrolled.
    """
    if not numbers or not all(value is not None and math.isfinite(value) and value >= 0 for value in numbers):
        raise ValueError("a seller's pace has at least one number, and all are finite and from 0")
    return SellerPace(**dict(zip(NAMES, numbers, strict=False)))
