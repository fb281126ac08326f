"""What storing documents came to."""

from dataclasses import dataclass, field
from datetime import datetime

from store.events import sales


@dataclass(frozen=True, slots=True)
class StoreResult:
    """What became of the documents given to one `store_...`."""

    changes: int = 0  # new versions of entities
    duplicates: int = 0  # came again unchanged
    stale: int = 0  # older than what is stored
    set_aside: int = 0
    parcels_due: int = 0  # orders whose parcels have to be read now, or that have to be read alone
    stock_due: int = field(default=0, compare=False)  # SKUs that orders moved, to be read now
    reread_at: datetime | None = field(default=None, compare=False)  # our clock: an answer that cannot be the last word is asked for again
    listings_due: sales.ListingsDue | None = field(default=None, compare=False)  # listings that orders moved
    changed: tuple[str, ...] = ()  # ids of the entities that changed
    # of changed orders: lastModifiedDate of the new version and of the one before
    dated: dict[str, tuple[datetime | None, datetime | None]] = field(default_factory=dict, compare=False)
