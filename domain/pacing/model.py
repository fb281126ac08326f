"""What an interval is decided from: the deployment's settings, what polling has shown, what else is known, and what holds for the fleet."""

import math
from dataclasses import dataclass

HOUR = 3600.0
DAY = 86_400.0

Curve = tuple[float, ...]  # 24 values, one a local hour, mean 1: how a day's orders lie in the day


@dataclass(frozen=True, slots=True)
class PacingSettings:
    """For one stream. Seconds, but for what says otherwise."""

    base_s: float = 300.0
    busy_s: float = 120.0
    busy_sales: float = 100  # more orders than this in 30 days is busy; math.inf for streams that busy says nothing about
    quiet_after_s: float = HOUR
    quiet_factor: float = 3.0  # how much slower at most; reached in steps
    dormant_after_s: float = 7 * DAY
    dormant_s: float = 6 * HOUR
    webhook_s: float = 1800.0  # the safety net while notifications announce most orders
    promise_s: float = HOUR  # nobody awake waits longer, where the quota can pay for it
    fastest_s: float = 60.0  # with `use_spare`
    use_spare: bool = False  # spend the calls that nobody wished for, too
    theta: float = 0.5  # polls go with the rate to this power; 1/2 gives the least mean delay
    reserve: float = 0.02  # share of the quota that is kept for people, notifications and tokens, and freed as the day goes by
    slow_s: float = 14 * DAY  # memories of the three stages of the estimate
    mid_s: float = 1.5 * DAY
    fast_s: float = 1.5 * HOUR
    mid_shape: float = 1.0  # orders that the last two stages must be told before they believe a change
    fast_shape: float = 2.0
    jitter: float = 0.05  # share of an interval, up or down


@dataclass(frozen=True, slots=True)
class SellerPace:
    """What polling one stream of a seller has shown. Only orders need more than `last_change`.

    Each pair counts orders and what they are measured against, forgetting exponentially: curve-days (a whole day is 1, an hour of the
    evening more than one of the night), then the orders that the stage before expected.
    """

    last_change: float  # unix time of the last new or updated entity, or of the enrolment; duplicates do not count
    seen_to: float = 0.0  # unix time up to which orders are counted; 0: nothing is counted yet
    n14: float = 0.0
    d14: float = 0.0
    n1: float = 0.0
    x1: float = 0.0
    nf: float = 0.0
    xf: float = 0.0
    calls_per_poll: float = 1.0


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a seller from elsewhere."""

    sales_30d: int = 0
    last_login: float | None = None  # unix time; None: the app never reported one, and unknown is awake
    cadence_s: float | None = None  # set by hand (`set_cadence`)
    speed_up_s: float | None = None  # while a `speed_up` lasts
    paused: bool = False
    utc_offset_h: float = 0.0  # of the marketplace's clock
    unseen_share: float = 1.0  # of the orders, those that no notification announces first


@dataclass(frozen=True, slots=True)
class Prior:
    """What a seller of whom nothing is known is taken for: `shape` orders seen in `days` days."""

    shape: float = 0.3
    days: float = 0.06

    @property
    def rate(self) -> float:
        """Orders a day."""
        return self.shape / self.days


@dataclass(frozen=True, slots=True)
class Level:
    """How far the quota reaches, one for the whole fleet."""

    k: float = 1.0  # polls a day of a seller with one order a day; math.inf: everybody's shortest interval fits
    squeeze: float = 1.0  # over 1 where not even the longest intervals fit: all are longer by this factor

    @property
    def full(self) -> bool:
        """Whether everybody's shortest interval fits."""
        return math.isinf(self.k)


FULL = Level(k=math.inf)
