"""What a cadence is decided from: the deployment's settings, what polling a stream has shown, what else is known of the seller."""

from dataclasses import dataclass
from enum import StrEnum


class Stream(StrEnum):
    ORDERS = "orders"
    FULFILLMENT = "fulfillment"
    INVENTORY = "inventory"
    BACKFILL = "backfill"
    SWEEP = "sweep"


@dataclass(frozen=True, slots=True)
class Settings:
    """For one stream. Seconds, but for `busy_sales` and `quiet_factor`."""

    base_s: float = 300.0
    busy_s: float = 120.0
    busy_sales: float = 100  # more orders than this in 30 days is busy; math.inf for streams that busy says nothing about
    quiet_after_s: float = 3600.0
    quiet_factor: float = 3.0  # how much slower at most; reached in steps
    dormant_after_s: float = 7 * 86_400.0
    dormant_s: float = 6 * 3600.0


@dataclass(frozen=True, slots=True)
class SellerPace:
    """What polling one stream of a seller has shown."""

    last_change: float  # unix time of the last new or updated entity, or of the enrolment; duplicates do not count


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a seller from elsewhere."""

    sales_30d: int = 0
    last_login: float | None = None  # unix time; None: the app never reported one, and unknown is awake
    cadence_s: float | None = None  # set by hand (`set_cadence`)
    speed_up_s: float | None = None  # while a `speed_up` lasts
    paused: bool = False
