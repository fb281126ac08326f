"""What eBay tells applications by itself: destinations, subscriptions, signing keys, and every notification that was due.

A notification is made when something happens (`announce`), waits for its moment, and is sent by `sending.py`. `sent` has all of
them with what became of each: lost ones too, so that whoever counts knows what was announced to nobody.
"""

import base64
import json
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from simulator.clock import Clock
from simulator.state.inventory import New
from simulator.times import SECOND, iso

Document = dict[str, Any]
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
CONFIRMATION, SHIPPED, CANCELLATION = "ORDER_CONFIRMATION", "ITEM_MARKED_SHIPPED", "ORDER_CANCELLATION_ACTIVITY"
REVOCATION, DELETION, LISTING = "AUTHORIZATION_REVOCATION", "MARKETPLACE_ACCOUNT_DELETION", "LISTING"
SCOPE = "https://api.ebay.com/oauth/api_scope"
TOPICS: dict[str, tuple[str, tuple[str, ...]]] = {  # scope, and scopes of the consent, one of which is needed
    CONFIRMATION: ("USER", (f"{SCOPE}/sell.fulfillment", f"{SCOPE}/sell.fulfillment.readonly")),
    SHIPPED: ("USER", (f"{SCOPE}/sell.fulfillment", f"{SCOPE}/sell.fulfillment.readonly")),
    CANCELLATION: ("USER", (f"{SCOPE}/sell.fulfillment", f"{SCOPE}/sell.fulfillment.readonly")),
    "ORDER_RETURN_ACTIVITY": ("USER", (f"{SCOPE}/sell.return",)),
    LISTING: ("USER", (f"{SCOPE}/sell.inventory", f"{SCOPE}/sell.inventory.readonly")),
    REVOCATION: ("APPLICATION", (SCOPE,)),
    DELETION: ("APPLICATION", (SCOPE,)),
}
ATTEMPTS = 3  # eBay's own: after the third a notification is lost
RETRY_S = (60, 300)


@dataclass
class Destination:
    """An address that eBay may notify."""

    id: str
    name: str
    status: str  # ENABLED, DISABLED, MARKED_DOWN
    endpoint: str
    token: str


@dataclass
class Subscription:
    """A topic that one seller, or the application, is notified of, and where."""

    id: str
    topic: str
    seller: str  # "": the application's
    status: str
    destination: str
    created_ms: int
    version: str = "1.0"


@dataclass
class Notice:
    """One notification, and what became of it."""

    id: str
    topic: str
    seller: str
    entity_ids: tuple[str, ...]
    event_ms: int
    data: Document = field(repr=False)
    due_ms: int
    copies: int = 1  # how often it is sent
    lost: bool = False  # never sent at all
    attempts: int = 0
    statuses: list[int] = field(default_factory=list)  # what was answered; 0: nobody did
    first_sent_ms: int | None = None


@dataclass
class Unrest:
    """How eBay tells: shares from 0 to 1, and seconds."""

    lost: float = 0.0
    doubled: float = 0.0
    late: float = 0.0  # come out of order
    late_s: float = 30.0
    early: float = 0.0  # of orders: announced before eBay's answers show them
    early_s: float = 8.0
    arrays: float = 0.5  # one notification with all line items; else one for each


class Notices:
    """Destinations, subscriptions, keys and notifications of one application."""

    def __init__(self, seed: int, clock: Clock) -> None:
        self.seed, self.clock = seed, clock
        self.email = ""
        self.destinations: dict[str, Destination] = {}
        self.subscriptions: dict[str, Subscription] = {}
        self.unrest = Unrest()
        self.digest = "SHA1"
        self.keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        self.kid = ""
        self.topics = dict(TOPICS)  # what this keyset may be notified of: it differs
        self.waiting: list[Notice] = []
        self.sent: list[Notice] = []
        self.made = 0
        self.changed = threading.Condition()
        self.rotate()

    def rotate(self) -> str:
        """eBay signs with a new key from now on; the old ones stay known."""
        number = len(self.keys) + 1
        secret = int(sha256(f"{self.seed}:key:{number}".encode()).hexdigest(), 16) % (P256_ORDER - 1) + 1
        digits = sha256(f"{self.seed}:kid:{number}".encode()).hexdigest()
        self.kid = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:32]}"
        self.keys[self.kid] = ec.derive_private_key(secret, ec.SECP256R1())
        return self.kid

    def public_key(self, kid: str) -> str:
        """As getPublicKey gives it: PEM without line breaks. Raises KeyError."""
        der = self.keys[kid].public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return f"-----BEGIN PUBLIC KEY-----{base64.b64encode(der).decode()}-----END PUBLIC KEY-----"

    def signature(self, body: bytes, kid: str | None = None, digest: str | None = None) -> str:
        """The header X-EBAY-SIGNATURE."""
        kid, digest = kid or self.kid, digest or self.digest
        signed = self.keys[kid].sign(body, ec.ECDSA(SHA1() if digest == "SHA1" else SHA256()))
        parts = {"alg": "ecdsa", "kid": kid, "signature": base64.b64encode(signed).decode(), "digest": digest}
        return base64.b64encode(json.dumps(parts, separators=(",", ":")).encode()).decode()

    def body(self, notice: Notice) -> bytes:
        """What is sent, and signed."""
        document = {
            "metadata": {"topic": notice.topic, "schemaVersion": "1.0", "deprecated": False},
            "notification": {
                "notificationId": notice.id,
                "eventDate": iso(notice.event_ms),
                "publishDate": iso(self.clock.now_ms()),
                "publishAttemptCount": min(notice.attempts + 1, ATTEMPTS),
                "data": notice.data,
            },
        }
        return json.dumps(document, separators=(",", ":")).encode()

    # what happens

    def subscribed(self, topic: str, seller: str) -> Subscription | None:
        """The enabled subscription by which this would be announced."""
        owner = seller if self.topics.get(topic, ("USER",))[0] == "USER" else ""
        for one in list(self.subscriptions.values()):  # another thread may be adding some
            if one.topic == topic and one.seller == owner and one.status == "ENABLED":
                return one
        return None

    def delayed(self, news: Sequence[New]) -> list[New]:
        """Some orders are announced before they are shown."""
        if not self.unrest.early:
            return list(news)
        by = int(self.unrest.early_s * SECOND)
        hidden = {
            one.entity_id
            for one in news
            if one.kind == "order" and self._draws("early", one.entity_id, one.modified_ms) < self.unrest.early
        }
        return [one._replace(visible_ms=one.visible_ms + by) if one.entity_id.split("/")[0] in hidden else one for one in news]

    def announce(self, seller: str, news: Iterable[tuple[New, int, Document | None]]) -> None:
        """New versions of a seller's entities, with their numbers; documents of orders."""
        shipped = set()
        for new, number, document in news:
            if new.kind == "fulfillment" and not new.removed:
                order_id = new.entity_id.split("/", 1)[0]
                shipped.add(order_id)
                self.say(SHIPPED, seller, (order_id,), {"orderId": order_id}, new.modified_ms)
            elif new.kind == "order" and document and number == 1:
                self._confirm(seller, document, new.modified_ms)
            elif new.kind == "order" and document and new.entity_id not in shipped:
                state = document.get("cancelStatus", {}).get("cancelState")
                if state in ("IN_PROGRESS", "CANCELED"):
                    self.say(
                        CANCELLATION,
                        seller,
                        (new.entity_id,),
                        {"cancellation": {"orderId": new.entity_id, "cancelStatus": state}},
                        new.modified_ms,
                    )
            elif new.kind == "listing":
                self.say(LISTING, seller, (new.entity_id,), {"listingId": new.entity_id}, new.modified_ms)

    def _confirm(self, seller: str, order: Document, at_ms: int) -> None:
        """eBay's page says one for each line item, fixtures have an array of them: both happen."""
        order_id = order["orderId"]
        lines = [
            {"orderLineItemId": line.get("lineItemId"), "listingId": line.get("legacyItemId"), "quantity": line.get("quantity")}
            for line in order.get("lineItems", [])
        ]
        together = self._draws("arrays", order_id, at_ms) < self.unrest.arrays
        for some in [lines] if together else [[line] for line in lines]:
            self.say(CONFIRMATION, seller, (order_id,), {"order": {"orderId": order_id, "orderLineItems": some}}, at_ms)

    def say(self, topic: str, seller: str, entity_ids: tuple[str, ...], data: Document, at_ms: int) -> Notice | None:
        """Something happened that somebody may have subscribed to. None: nobody has."""
        if not self.subscribed(topic, seller):
            return None
        self.made += 1
        digits = sha256(f"{self.seed}:notice:{self.made}".encode()).hexdigest()
        user = {"userId": self.user_id(seller), "username": seller}
        payload = {"user": user, **data} if topic not in (REVOCATION, DELETION) else data
        draw = Random(f"{self.seed}:notice:{digits}")
        late = int(draw.uniform(0, self.unrest.late_s) * SECOND) if draw.random() < self.unrest.late else 0
        id_ = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}_{digits[32:40]}"
        notice = Notice(id_, topic, seller, entity_ids, at_ms, payload, max(at_ms, self.clock.now_ms()) + late)
        notice.lost = draw.random() < self.unrest.lost
        notice.copies = 2 if draw.random() < self.unrest.doubled else 1
        self.sent.append(notice)
        if not notice.lost:
            with self.changed:
                self.waiting.append(notice)
                self.changed.notify_all()
        return notice

    def user_id(self, seller: str) -> str:
        """eBay's unchanging id of an account."""
        return sha256(repr((self.seed, "user", seller)).encode()).hexdigest()[:11]

    def _draws(self, what: str, *about: object) -> float:
        return Random(f"{self.seed}:{what}:{about}").random()

    def as_json(self) -> list[Document]:
        """The ledger of notifications so far: what was due to whom, and what became of it; also what was lost on the way."""
        return [
            {
                "id": one.id,
                "topic": one.topic,
                "seller": one.seller,
                "entity_ids": list(one.entity_ids),
                "event_at": iso(one.event_ms),
                "first_sent_at": iso(one.first_sent_ms) if one.first_sent_ms is not None else None,
                "lost": one.lost,
                "copies": one.copies,
                "statuses": list(one.statuses),
            }
            for one in list(self.sent)
        ]

    # sending

    def due(self) -> list[tuple[Notice, Destination]]:
        """Takes what is to be sent now, each copy once, with where to. What goes nowhere is gone, as eBay's is."""
        now = self.clock.now_ms()
        with self.changed:
            ready = sorted((one for one in self.waiting if one.due_ms <= now), key=lambda one: one.due_ms)
            self.waiting = [one for one in self.waiting if one.due_ms > now]
        found = []
        for notice in ready:
            subscription = self.subscribed(notice.topic, notice.seller)
            destination = self.destinations.get(subscription.destination) if subscription else None
            if destination and destination.status == "ENABLED":
                found += [(notice, destination)] * (notice.copies if not notice.attempts else 1)
        return found

    def answered(self, notice: Notice, status: int) -> None:
        """What came of one sending: tried three times in all; account deletions until they are acknowledged."""
        notice.statuses.append(status)
        if notice.first_sent_ms is None:
            notice.first_sent_ms = self.clock.now_ms()
        if status in (200, 201, 202, 204):
            return
        notice.attempts += 1
        if notice.attempts < ATTEMPTS or notice.topic == DELETION:
            notice.due_ms = self.clock.now_ms() + RETRY_S[min(notice.attempts, len(RETRY_S)) - 1] * SECOND
            with self.changed:
                self.waiting.append(notice)
