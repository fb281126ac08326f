"""eBay at its worst: every way of it a switch; `hostile/profile.py` turns them all on.

    hostility = make_hostile(World(...), seed=3)        # everything, at moderate rates
    world.hostility = Hostility(seed=3, late=1.0)       # or one thing only
    hostility.reset = 0.0                               # at any time

What changes a document (`hostile/versions.py`, `hostile/malformed.py`) or happens to the world (`hostile/events.py`) is in the ledger as
eBay shows it, so the judge's word stands. What only spoils an answer (`hostile/answers.py`, `wire.py`) is not: the next one may be true.

Each draw depends on the seed, the switch and what it is about (a version of an entity, the n-th call of a seller for a resource) and on
nothing else. So a run repeats itself, threads or not, and one switch turned leaves the others' draws as they were.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from datetime import datetime
from random import Random
from typing import NamedTuple


class Leap(NamedTuple):
    """An answer whose Date header was far from eBay's clock."""

    seller: str
    shown: datetime
    true: datetime


@dataclass
class Hostility:
    """Rates are shares from 0 (never) to 1 (always) of what a switch can hit. Everything is off until it is turned on."""

    seed: int = 1
    scale: float = 1.0  # of all times below: 0.01 makes four minutes 2.4 seconds

    # Versions: in the ledger as they are served
    late: float = 0.0  # shown up to `late_s` after their date; never before an older version, nor a parcel before its order
    late_s: float = 240.0
    parcels_behind: float = 0.0  # of shipments: getShippingFulfillments shows them up to `parcels_behind_s` later than the order does
    parcels_behind_s: float = 240.0
    same_date: float = 0.0  # dated back to the last multiple of `same_date_s`, so that many have the same date
    same_date_s: float = 5.0
    undated: float = 0.0  # changes of open orders, shipments too, that leave lastModifiedDate as it is
    undated_closed: float = 0.0  # the same of orders that are not (or not visibly) open: no poll can see it, only a sweep
    malformed: float = 0.0  # missing and odd fields: null lists, numbers for strings, dates that are none, NUL, NaN ...
    absurd_date: float = 0.0  # versions of orders whose lastModifiedDate is of 1970 or 2106; they are found by the right one
    unknown: float = 0.0  # fields and enum values that nobody knows
    nameless: float = 0.0  # orders without a usable orderId
    huge: float = 0.0  # a string of `huge_bytes` in an order or an item
    huge_bytes: int = 4_000_000
    index_late: float = (
        0.0  # of listings: shown by GetSellerEvents up to `index_late_s` later than by GetItem; see INDEX_MOST_S in `state/switches.py`
    )
    index_late_s: float = 100.0
    malformed_listing: float = 0.0  # listings whose quantity is negative, missing or no number, and titles and prices that nobody expects

    # Beside the sales of an ordinary life (`hostile/sales.py`): a share of them, each once more in a way that nobody expects
    paid_later: float = 0.0  # purchases that take the stock, and minutes later one order of them all, as old as its payment
    hot: float = 0.0  # a listing that goes on to sell every few seconds, while its price, title and quantity are edited
    size_added: float = 0.0  # a variation that is new, and sold before it was read
    restocked: float = 0.0  # an order that is cancelled within seconds, and what it sold is on sale again
    id_changes: float = 0.0  # an unpaid order that is paid minutes later: its lines come in an order of another id, and it is gone

    # What happens because somebody reads; it ends with `world.quiet()`
    moving: float = 0.0  # of getOrders' pages with more to come: some rows of the window get a new date
    touched: float = 0.0  # of calls: some order's date moves, nothing else
    late_payer: float = 0.0  # of calls: an order comes up whose creationDate lies up to 100 days back
    coming_and_going: float = 0.0  # of inventory pages with more to come: a SKU comes, another goes

    # Answers
    failure: float = 0.0  # 500, 502 or 503, in JSON or HTML
    too_many: float = 0.0  # a stray 429, half of them with Retry-After: the quota is not spent
    retry_after_s: float = 2.0
    html: float = 0.0  # HTML with status 200
    html_4xx: float = 0.0  # of records (an order, an order's parcels): the first answer is a gateway's 400, 403 or 404, in HTML
    wide_windows: float = 0.0  # of sellers, by API: GetSellerEvents and getOrders fail for windows of change wider than `widest_h`
    widest_h: float = 6.0  # whatever `scale` is
    truncated: float = 0.0  # half of the JSON, with a Content-Length that says that this is all
    wrong_total: float = 0.0
    empty_page: float = 0.0  # no rows, and a next
    warnings: float = 0.0  # `warnings` beside the rows, and a field that nobody knows

    # Trading's answers
    ack_failure: float = 0.0  # 10007, with HTTP 200
    xml_bomb: float = 0.0  # entities that hold entities that hold entities
    huge_xml: float = 0.0  # `huge_bytes` of spaces in the answer
    unknown_xml: float = 0.0  # elements that nobody knows, also within items
    more_items: float = 0.0  # of GetSellerEvents: some items are left out, and HasMoreItems says so

    # Reports, by the task
    report_stuck: float = 0.0  # in process for ever
    report_failed: float = 0.0  # FAILED, ABORTED or COMPLETED_WITH_ERROR, and no file
    not_a_zip: float = 0.0
    zip_bomb: float = 0.0  # `bomb_bytes` of spaces
    bomb_bytes: int = 600_000_000
    torn_report: float = 0.0  # the end is missing
    rows_twice: float = 0.0  # every fifth row comes twice
    rows_nameless: float = 0.0  # every tenth row has no ItemID
    rows_negative: float = 0.0  # every tenth row has a negative quantity
    rows_unknown: float = 0.0  # elements that nobody knows

    # The connection
    reset: float = 0.0  # a TCP reset before the answer or within its body
    cut: float = 0.0  # an orderly end after fewer bytes than Content-Length says
    slow: float = 0.0  # the answer takes `slow_s`, byte by byte
    slow_s: float = 3.0

    # Tokens
    expired: float = 0.0  # of calls: the access token is over now (401/1001; 403/1100 from the Inventory API); never two calls in a row
    revoked: float = 0.0  # of calls: the refresh token dies, and a new consent waits (`on_revoked`, GET /simulator/sellers)
    on_revoked: Callable[[str, str], object] | None = None  # seller, new refresh token; called with the world locked

    # The clock
    clock_off_s: float = 0.0  # eBay's clock against ours, forwards or back by the seed; set before anything happens, in real time only
    date_behind: float = 0.0  # answers whose Date header is up to `date_behind_s` behind eBay's clock
    date_behind_s: float = 5.0
    date_leaps: float = 0.0  # answers whose Date header is 30 to 180 minutes ahead or behind, whatever `scale` is; never two in a row
    dateless: float = 0.0  # answers without a Date header

    most: dict[str, int] = field(
        default_factory=lambda: {"huge": 3, "revoked": 1, "huge_xml": 3, "xml_bomb": 3, "zip_bomb": 1}
    )  # of a switch, for each seller
    calm: bool = False  # answers, connections and tokens are as they should be; versions and what happens go on

    done: Counter[str] = field(default_factory=Counter, repr=False)  # how often, by switch
    of_seller: Counter[tuple[str, str]] = field(default_factory=Counter, repr=False)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter, repr=False)
    spared: set[str] = field(default_factory=set, repr=False)  # sellers whose token just expired
    refused: set[tuple[str, str]] = field(default_factory=set, repr=False)  # sellers and paths that a gateway refused
    leapt: set[str] = field(default_factory=set, repr=False)  # sellers whose last answer's Date had leapt
    leaps: list[Leap] = field(default_factory=list, repr=False)  # for the judge

    def hits(self, switch: str, seller: str, *about: object) -> Random | None:
        """Whether a switch hits; if so, the random numbers for how."""
        rate = getattr(self, switch)
        if not rate or self.of_seller[switch, seller] >= self.most.get(switch, math.inf):
            return None
        rng = Random(f"{self.seed}:{switch}:{seller}:{about}")
        if rng.random() >= rate:
            return None
        self.done[switch] += 1
        self.of_seller[switch, seller] += 1
        return rng

    def set(self, name: str, value: float) -> None:
        """
        Raises:
            ValueError: there is no such number to set.
        """
        if name not in NUMBERS:
            raise ValueError(f"no switch {name}; there are {', '.join(sorted(NUMBERS))}")
        if not 0 <= value < math.inf:
            raise ValueError(f"{name}: a number from 0 on")
        setattr(self, name, NUMBERS[name](value))


NUMBERS: dict[str, type[int] | type[float]] = {
    one.name: int if one.type == "int" else float for one in fields(Hostility) if one.type in ("int", "float")
}
