"""Platform notifications: SOAP of the Trading API, signed by time and keys alone (developer.ebay.com/support/kb-article?KBid=1201). Pure.

The signature does not cover what is said, so nothing of it is believed: like every notification it only says what to read.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.changes.dates import read_time
from ebay.errors import BadAnswerError
from ebay.notifications import ID, MOST_IDS, TOPIC, Notification, Person, digest_of
from ebay.topics import Asks, asks
from ebay.xml import Node, pieces, records

WINDOW = timedelta(minutes=10)  # so long a signature holds, before and after its time
NAMES = ("NotificationSignature", "Timestamp", "NotificationEventName", "RecipientUserID", "Item", "ItemID", "OrderID", "TransactionArray")
DEEP = ("Item", "TransactionArray")
PARTS = [
    re.compile(rb"<(?:[\w.-]{1,40}:)?" + name + rb"(?:\s[^<>]{0,500})?>\s*([^<\s]{1,100})\s*</")
    for name in (b"Timestamp", b"NotificationSignature")
]


@dataclass(frozen=True, slots=True)
class Keys:
    """The application's three ids, as the signature is made of them."""

    dev_id: str
    client_id: str  # App ID
    client_secret: str = field(repr=False)  # Cert ID

    def sign(self, timestamp: str) -> str:
        """base64 of MD5: eBay's choice, not ours."""
        text = f"{timestamp}{self.dev_id}{self.client_id}{self.client_secret}"
        return base64.b64encode(hashlib.md5(text.encode(), usedforsecurity=False).digest()).decode()


def read(body: bytes, keys: Keys, now: datetime) -> Notification | None:
    """None: no SOAP that can be read, not signed with our keys, or not within ten minutes of its time.

    `now`: UTC.
    """
    if not may_be_signed(body, keys):
        return None
    try:
        found = list(records(pieces(body), NAMES, inside=("Envelope",)))
    except BadAnswerError:
        return None
    fields = {node.name: node.text.strip() for node in reversed(found) if node.name not in DEEP}  # the first of each name
    timestamp, signature = fields.get("Timestamp", ""), fields.get("NotificationSignature", "")
    at = read_time(timestamp)
    if at is None or abs(now - at) > WINDOW or not hmac.compare_digest(keys.sign(timestamp).encode(), signature.encode()):
        return None
    topic = fields.get("NotificationEventName", "")
    if not TOPIC.fullmatch(topic):
        return None
    asked_of_us = asks(topic)
    return Notification(
        digest_of(body),
        topic,
        orders=ids(found, "OrderID") if asked_of_us is Asks.ORDERS else (),
        listings=ids(found, "ItemID") if asked_of_us is Asks.LISTINGS else (),
        happened_at=at,
        published_at=at,
        user=Person(fields.get("RecipientUserID") or None, None, None),
    )


def may_be_signed(body: bytes, keys: Keys) -> bool:
    """A look at the bytes alone: anybody may send a mebibyte of XML, which takes 0.4 s to read. What passes is read, and judged by that."""
    first = [match[1].decode("latin-1") for part in PARTS if (match := part.search(body))]
    return len(first) == len(PARTS) and hmac.compare_digest(keys.sign(first[0]).encode(), first[1].encode())


def ids(nodes: Iterable[Node], name: str) -> tuple[str, ...]:
    """Up to 50 different ids in elements of this name, at any depth."""
    found: dict[str, None] = {}
    waiting = list(nodes)
    while waiting and len(found) < MOST_IDS:
        node = waiting.pop(0)
        if node.name == name and ID.fullmatch(node.text.strip()):
            found[node.text.strip()] = None
        waiting[:0] = node.children
    return tuple(found)
