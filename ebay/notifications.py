"""What a notification of eBay's says, reduced to a hint: its id, its topic, and which orders or listings to read. Pure.

The exact schemas of most topics are known to sellers with production keys only, and the fixtures that are known disagree (a line item, or
an array of them). So ids are looked for by their names wherever they stand; a hint too many costs a call, and tells nothing wrong.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.changes.dates import read_time
from ebay.documents import parse
from ebay.errors import BadAnswerError
from ebay.topics import Asks, asks

UNREADABLE = "unreadable"  # the topic of what eBay signed and we cannot read
MOST_IDS = 50  # in one notification; getOrders takes so many at a time
MOST_NODES = 10_000
ID = re.compile(r"[!-+\--~]{1,100}")  # printable ASCII without blanks and commas; opaque otherwise
TOPIC = re.compile(r"[A-Za-z0-9_.-]{1,100}")
NOTIFICATION_ID = re.compile(r"[!-~]{1,200}")
ORDER_NAMES, LISTING_NAMES = {"orderId", "orderIds", "legacyOrderId"}, {"listingId", "legacyItemId", "itemId"}


@dataclass(frozen=True, slots=True)
class Person:
    """A user of eBay, as account deletions name them. Never logged, and kept encrypted only."""

    username: str | None = field(repr=False)
    user_id: str | None = field(repr=False)
    eias_token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Notification:
    """A hint at what to read, never a fact. `id` is eBay's, or a digest of the body where eBay's cannot be used."""

    id: str
    topic: str
    orders: tuple[str, ...] = ()
    listings: tuple[str, ...] = ()
    happened_at: datetime | None = None  # UTC, by eBay
    published_at: datetime | None = None  # UTC, by eBay, of this attempt
    user: Person = field(default=Person(None, None, None), repr=False)  # whose account it came for

    @property
    def asks(self) -> Asks:
        """What somebody has to do about it; nothing for an unknown topic."""
        return asks(self.topic)


def read(body: bytes) -> Notification:
    """Of the Notification API: JSON whose signature was found good.

    What cannot be read is of the topic `unreadable`, and no error: eBay would send the same again, and then call the endpoint dead.
    """
    try:
        document: Any = parse(body)
    except BadAnswerError:
        document = None
    metadata, notification = _object(document, "metadata"), _object(document, "notification")
    topic, named = metadata.get("topic"), notification.get("notificationId")
    if not isinstance(topic, str) or not TOPIC.fullmatch(topic):
        return Notification(digest_of(body), UNREADABLE)
    id_ = named if isinstance(named, str) and NOTIFICATION_ID.fullmatch(named) else digest_of(body)
    data = _object(notification, "data")
    asked_of_us = asks(topic)
    return Notification(
        id_,
        topic,
        orders=ids(data, ORDER_NAMES) if asked_of_us is Asks.ORDERS else (),
        listings=ids(data, LISTING_NAMES) if asked_of_us is Asks.LISTINGS else (),
        happened_at=read_time(notification.get("eventDate")),
        published_at=read_time(notification.get("publishDate")),
        user=_person(_object(data, "user") or data),
    )


def digest_of(body: bytes) -> str:
    """An id for what has none: the same body again is the same notification."""
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def ids(data: Any, names: set[str]) -> tuple[str, ...]:
    """Up to 50 different ids under any of these names, wherever in the data, in the order of the document."""
    found: dict[str, None] = {}
    for name, value in _fields(data):
        for one in value if isinstance(value, list) else [value]:
            if name in names and isinstance(one, str) and ID.fullmatch(one) and len(found) < MOST_IDS:
                found[one] = None
    return tuple(found)


def _fields(data: Any) -> Iterator[tuple[str, Any]]:
    """Without recursion, as documents may be deep; the first 10,000 values."""
    waiting: list[tuple[str, Any]] = [("", data)]
    for _ in range(MOST_NODES):
        if not waiting:
            return
        name, value = waiting.pop()
        yield name, value
        if isinstance(value, dict):
            waiting.extend(reversed(value.items()))
        elif isinstance(value, list):
            waiting.extend(("", one) for one in reversed(value) if isinstance(one, (dict, list)))


def _object(document: Any, name: str) -> dict[str, Any]:
    found = document.get(name) if isinstance(document, dict) else None
    return found if isinstance(found, dict) else {}


def _person(data: dict[str, Any]) -> Person:
    def named(name: str) -> str | None:
        value = data.get(name)
        return value if isinstance(value, str) and 0 < len(value) <= 500 else None

    return Person(named("username"), named("userId"), named("eiasToken"))
