"""What the ledger says about each entity, made ready to be compared with what was recorded. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from simulator.judge import partial
from simulator.judge.normal import digest
from simulator.state.orders import EMAIL, PERSONAL

Row = Mapping[str, Any]
Key = tuple[str, str, str]  # seller, kind, entity id
State = tuple[bytes, bool]  # content, removed
IDS = {"order": "orderId", "fulfillment": "fulfillmentId", "inventory": "sku", "offer": "offerId"}
FADING = (timedelta(days=13), EMAIL), (timedelta(days=89), PERSONAL)  # from this age on, what eBay drops: a day before it does


@dataclass
class Content:
    """What one document says."""

    state: State
    faded: tuple[bytes, ...] = ()  # of an old order: without what it may have lost by its age, for each age of `FADING` that it has reached
    listing: Any = None  # the document, of a listing


@dataclass
class Run:
    """Versions in a row with the same content: one change, as far as content goes."""

    content: Content
    visible_at: datetime
    sayable_at: datetime  # nobody could know it before
    unusable: bool = False  # a listing whose quantity is none
    known: frozenset[str] = frozenset()  # titles and prices of a listing, up to here: one that is left out may be recorded as it was

    @property
    def state(self) -> State:
        """Its content, and whether it is removed."""
        return self.content.state

    def says(self, other: Content) -> bool:
        """Whether what was recorded is this: word for word, or without what had vanished or was left out."""
        mine = self.content
        if mine.state[0] == other.state[0]:
            return True
        if age := min(len(mine.faded), len(other.faded)):  # recorded when the order was so old: what had not vanished by then must be right
            return mine.faded[age - 1] == other.faded[age - 1]
        if mine.listing is None:
            return False
        plain = partial.without_retained(other.listing, mine.listing, self.known)
        if plain is not other.listing and digest("inventory", plain) == mine.state[0]:
            return True
        return self.unusable and partial.same_thing(plain, mine.listing)


@dataclass
class History:
    """One entity in the ledger."""

    runs: list[Run] = field(default_factory=list)
    due: int = -1  # the run that was shown at the deadline; -1: none yet
    nameless: bool = False  # what was shown at the deadline had no id, or is nothing that anybody could store
    modified_at: str = ""

    def matches(self, recorded: Content) -> list[int]:
        """The runs that say this. A removal carries what was last known, which may be older than what was last there."""
        same = [k for k, run in enumerate(self.runs) if run.says(recorded)]
        if recorded.state[1] and same:
            return [k for k, run in enumerate(self.runs) if run.state[1] and k >= same[0]]
        return [k for k in same if self.runs[k].state[1] == recorded.state[1]]


def content(kind: str, entity_id: str, document: Any, removed: bool, at: datetime) -> Content:
    """What a document says at a moment."""
    listing = document if partial.is_listing(kind, entity_id) else None
    return Content((digest(kind, document), removed), _faded(kind, document, at), listing)


def histories_of(rows: Iterable[Row], kinds: tuple[str, ...], deadline: datetime, at: datetime) -> dict[Key, History]:
    """Every entity of these kinds, with what of it was visible by the deadline."""
    found: dict[Key, History] = {}
    for row in rows:
        if row["kind"] not in kinds:
            continue
        kind, document = row["kind"], row["document"]
        history = found.setdefault((row["seller"], kind, row["entity_id"]), History())
        new, visible_at = content(kind, row["entity_id"], document, row["removed"], at), time(row["visible_at"])
        sayable_at = time(row["modified_at"]) if row["removed"] and partial.is_on_sale(new.listing) else visible_at
        unusable = new.listing is not None and partial.unusable(document)
        if not history.runs or history.runs[-1].state != new.state:
            before = history.runs[-1].known if history.runs else frozenset[str]()
            known = before | partial.titles_and_prices(document) if new.listing is not None else before
            history.runs.append(Run(new, visible_at, min(sayable_at, visible_at), unusable, known))
        if visible_at <= deadline:
            history.nameless = (unusable and not row["removed"]) or (new.listing is None and _nameless(kind, document))
            history.due = len(history.runs) - 1
        newest = history.runs[-1]
        newest.visible_at, newest.sayable_at = min(newest.visible_at, visible_at), min(newest.sayable_at, visible_at)
        history.modified_at = max(history.modified_at, row["modified_at"])
    return found


def group(key: Key) -> Key:
    """Parcels that share their id are judged together."""
    return (key[0], key[1], key[2].split("#", 1)[0]) if key[1] == "fulfillment" else key


def order_of(key: Key) -> Key | None:
    """Of a parcel: its order."""
    return (key[0], "order", key[2].split("/", 1)[0]) if key[1] == "fulfillment" else None


def time(text: str) -> datetime:
    """As ledger and feed write it."""
    return datetime.fromisoformat(text)


def _nameless(kind: str, document: Any) -> bool:
    name = document.get(IDS[kind]) if isinstance(document, dict) else None
    return not (isinstance(name, str) and name)


def _faded(kind: str, document: Any, at: datetime) -> tuple[bytes, ...]:
    if kind != "order":
        return ()
    try:
        age = at - time(document["creationDate"])
    except (KeyError, TypeError, ValueError):
        age = timedelta.max  # without a date it may be of any age
    return tuple(digest(kind, document, names) for since, names in FADING if age >= since)
