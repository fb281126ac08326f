"""A step: one bounded read of one seller, and the right to commit what it read."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from domain.accounts import Account
from domain.comparison import Mode
from domain.streams import InventorySource, Stream
from domain.waits import EBAYS, Waits
from store.quota.permits import Lease

if TYPE_CHECKING:
    from store.quota.breakers import Breaker


# Who begins with the time of the last scan. Others ask where they need it: to read the row of another stream touches its page.
KNOW_SCAN = (Stream.INVENTORY, Stream.OFFERS)


@dataclass(slots=True)
class RunCounts:
    """What the commits of a step came to so far, and whether its poll has a row: a quiet one gets none, and what it counted waits here."""

    has_row: bool = False
    changes: int = 0
    waiting: Counter[str] = field(default_factory=Counter)

    def add(self, changes: int, counted: Counter[str], worth_a_row: bool) -> None:
        """A commit of the step is over, and went well."""
        self.changes += changes
        self.has_row, self.waiting = worth_a_row, Counter() if worth_a_row else self.waiting + counted


@dataclass(frozen=True, slots=True)
class StepLease:
    """What `begin` found. All times UTC."""

    seller_id: str
    enrollment: UUID
    enrolled_at: datetime  # eBay's clock
    epoch: int  # a commit of this step is refused as soon as the seller has a later one
    stream: Stream
    cursor: datetime | None  # read and committed up to here; eBay's clock
    checkpoint: Any  # JSON, as `advance` was last given it: where the read in progress goes on; None: there is none
    run_changes: int  # told by earlier steps of the same poll
    run_calls: int  # made by them
    last_change_at: datetime  # of this stream; the enrolment where nothing changed yet
    failures: int  # in a row, of this stream
    sales_30d: int  # orders of the last 30 days, counted up to 101; of the orders stream alone
    pace: list[float] | None  # what polls have shown of this stream (domain/pacing/state.py)
    scanned_at: datetime | None  # start of the last complete scan of the inventory; None too for streams not in KNOW_SCAN
    options: dict[str, Any]  # of the enrolment
    token_generation: int
    dead: bool  # the token is dead: only the seller's new consent helps
    quota_until: datetime | None  # eBay's quota is spent until then
    alerts: frozenset[str]  # kinds of the seller's open alerts
    set_aside: dict[str, int]  # how much of the seller's is, by kind: `aside.LABEL`
    lease: Lease | None  # the permits that were asked for
    now: datetime  # the database's clock at the beginning
    next_poll_at: datetime | None = None  # of this stream, as its last poll decided
    mode: Mode = Mode.POLLING  # whether notifications are compared, or relied on
    mode_since: datetime | None = None
    watched_since: datetime | None = None  # when polling was left
    notified_at: datetime | None = None  # the last notification that was read
    polls_first: int = 0  # of `orders`, at the last comparison: those of which no notification came in time
    orders: int = 0
    retry_at: datetime | None = None  # when the first of what is set aside is to be tried again; our clock
    failing: bool = False  # there are records that eBay failed for, parcels and single orders aside
    breakers: "dict[str, Breaker]" = field(default_factory=dict)  # by resource; empty while nothing was ever down
    account: Account = field(default_factory=Account)  # what is known of whose eBay account it is
    waits: Waits = EBAYS
    counts: RunCounts = field(default_factory=RunCounts, compare=False)

    @property
    def another(self) -> bool:
        """The token was found to be another eBay account's: only a new one helps."""
        return self.token_generation > 0 and self.account.refused == self.token_generation

    @property
    def proven(self) -> bool:
        """The token was found to be the seller's account's."""
        return self.account.generation >= self.token_generation

    @property
    def offers(self) -> bool:
        """Whether the seller's offers are read too."""
        return bool(self.options.get("offers"))

    @property
    def inventory_source(self) -> InventorySource:
        """As the enrolment set it; AUTO where it did not."""
        return InventorySource(self.options.get("inventory_source", InventorySource.AUTO))
