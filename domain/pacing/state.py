"""A seller's pace as text, for a column beside the cursor: under 300 bytes, and losing it loses no order."""

import json
import math
from dataclasses import fields

from domain.pacing.model import SellerPace

TIMES = ("last_change", "seen_to")
NAMES = tuple(field.name for field in fields(SellerPace))


def to_json(pace: SellerPace) -> str:
    """Times to the millisecond, the rest to six digits."""
    values = {name: getattr(pace, name) for name in NAMES}
    short = {name: round(value, 3) if name in TIMES else float(f"{value:.6g}") for name, value in values.items()}
    return json.dumps(short, separators=(",", ":"), allow_nan=False)


def from_json(text: str) -> SellerPace:
    """Unknown names are dropped and missing ones take their defaults, so that versions can be mixed.

    Raises:
        ValueError: this is no pace; to be taken for a seller just enrolled.
    """
    values = json.loads(text)
    if not isinstance(values, dict) or "last_change" not in values:
        raise ValueError("not a seller's pace")
    known = {name: float(values[name]) for name in NAMES if name in values}
    if not all(math.isfinite(value) and value >= 0 for value in known.values()):
        raise ValueError("a seller's pace has only finite numbers from 0")
    return SellerPace(**known)
