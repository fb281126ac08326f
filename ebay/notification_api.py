"""eBay's Notification API (v1): its public keys, and where and of what it is to tell us.

What concerns the application (config, destinations, topics, keys) goes with the application's token, a seller's subscriptions with the
seller's: asked with the wrong one, eBay says 200 and shows none.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from ebay.answers import refusal
from ebay.client import Ebay
from ebay.documents import parse
from ebay.errors import BadAnswerError, NotFoundError
from ebay.http import Answer
from ebay.paths import own_path, segment

BASE = "/commerce/notification/v1"
CONFIG, DESTINATION, TOPIC, SUBSCRIPTION = f"{BASE}/config", f"{BASE}/destination", f"{BASE}/topic", f"{BASE}/subscription"
RESOURCE = "notification"
PAGE = 100
MOST_PAGES = 100  # of 100: a list that goes on and on ends somewhere
MADE = (200, 201, 202, 204)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where eBay delivers notifications, by getDestinations. A text that eBay leaves out is empty."""

    id: str
    name: str
    status: str  # ENABLED, DISABLED, MARKED_DOWN
    endpoint: str


@dataclass(frozen=True, slots=True)
class Topic:
    """What this application can be notified of, by getTopics. A text that eBay leaves out is empty."""

    id: str
    scope: str  # USER: subscribed with a seller's token; APPLICATION
    status: str
    scopes: tuple[str, ...]  # that the consent must have
    schema_version: str  # of its JSON payload, the newest that is not deprecated


@dataclass(frozen=True, slots=True)
class Subscription:
    """One topic that eBay delivers, by getSubscriptions: a seller's, or the application's own."""

    id: str
    topic: str
    status: str  # ENABLED, DISABLED
    destination_id: str


@dataclass(frozen=True, slots=True)
class NotificationAddress:
    """Where to deliver: an address of ours, and the token that its challenge is answered with."""

    name: str
    endpoint: str
    token: str = field(repr=False)

    def document(self) -> dict[str, Any]:
        """The body that registers it, ENABLED. Holds the token, so not for logs."""
        return {
            "name": self.name,
            "status": "ENABLED",
            "deliveryConfig": {"endpoint": self.endpoint, "verificationToken": self.token},
        }


class NotificationApi:
    """Raises as `ebay/errors.py` says. `seller_id`: with that seller's token; None: with the application's."""

    def __init__(self, ebay: Ebay) -> None:
        self.ebay = ebay

    def public_key(self, kid: str) -> str | None:
        """The key as eBay writes it; None: eBay says that there is no such key. `kid` as `ebay/signatures.py` lets it pass."""
        try:
            document = self._json("GET", f"{BASE}/public_key/{segment(kid)}")
        except NotFoundError:
            return None
        key = document.get("key")
        if not isinstance(key, str):
            raise BadAnswerError("eBay's public key is none", status=200)
        return key

    def alert_email(self) -> str | None:
        """Where eBay writes when it cannot deliver; None: nothing is set up yet (errorId 195026)."""
        try:
            email = self._json("GET", CONFIG).get("alertEmail")
        except NotFoundError:
            return None
        return email if isinstance(email, str) else None

    def put_alert_email(self, email: str) -> None:
        """Must be set before any destination: eBay creates none without it (errorId 195003)."""
        self._ask("PUT", CONFIG, {"alertEmail": email})

    def destinations(self) -> list[Destination]:
        """Every destination of the application, on all pages."""
        return [
            Destination(_text(one, "destinationId"), _text(one, "name"), _text(one, "status"), _text(one.get("deliveryConfig"), "endpoint"))
            for one in self._all(DESTINATION, "destinations")
        ]

    def create_destination(self, address: NotificationAddress) -> None:
        """eBay asks the endpoint its challenge before it answers: 409, errorId 195020, where that fails."""
        self._ask("POST", DESTINATION, address.document())

    def update_destination(self, id_: str, address: NotificationAddress) -> None:
        """ENABLED again, with the challenge asked anew."""
        self._ask("PUT", f"{DESTINATION}/{segment(id_)}", address.document())

    def delete_destination(self, id_: str) -> None:
        """`id_`: as `destinations` has it. Raises NotFoundError: there is none (any more)."""
        self._ask("DELETE", f"{DESTINATION}/{segment(id_)}")

    def topics(self) -> dict[str, Topic]:
        """What this application may be told of: it differs from keyset to keyset."""
        found = {}
        for one in self._all(TOPIC, "topics"):
            scopes, payloads = one.get("authorizationScopes"), one.get("supportedPayloads")
            found[_text(one, "topicId")] = Topic(
                _text(one, "topicId"),
                _text(one, "scope"),
                _text(one, "status"),
                tuple(scope for scope in scopes if isinstance(scope, str)) if isinstance(scopes, list) else (),
                _version(payloads if isinstance(payloads, list) else []),
            )
        return found

    def subscriptions(self, seller_id: str | None) -> list[Subscription]:
        """Every subscription of this seller, or of the application where that is None, on all pages and to any destination."""
        return [
            Subscription(_text(one, "subscriptionId"), _text(one, "topicId"), _text(one, "status"), _text(one, "destinationId"))
            for one in self._all(SUBSCRIPTION, "subscriptions", seller_id)
        ]

    def subscribe(self, seller_id: str | None, topic: Topic, destination_id: str) -> None:
        """Subscribe, ENABLED. The topic's scope says whose token it takes: eBay refuses the other one (403, errorId 195011)."""
        self._ask("POST", SUBSCRIPTION, {"topicId": topic.id, **_subscription(topic, destination_id)}, seller_id)

    def update_subscription(self, seller_id: str | None, id_: str, topic: Topic, destination_id: str) -> None:
        """ENABLED again, and to this destination."""
        self._ask("PUT", f"{SUBSCRIPTION}/{segment(id_)}", _subscription(topic, destination_id), seller_id)

    def unsubscribe(self, seller_id: str | None, id_: str) -> None:
        """`id_`: as `subscriptions` has it for the same `seller_id`. Raises NotFoundError: there is none (any more)."""
        self._ask("DELETE", f"{SUBSCRIPTION}/{segment(id_)}", None, seller_id)

    def _all(self, endpoint: str, name: str, seller_id: str | None = None) -> Iterator[dict[str, Any]]:
        path = f"{endpoint}?{urlencode({'limit': PAGE})}"
        for _ in range(MOST_PAGES):
            document = self._json("GET", path, seller_id)
            rows = document.get(name)
            yield from (row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()
            following = document.get("next")
            if not isinstance(following, str) or not following:
                return
            path = own_path(following, endpoint)
        raise BadAnswerError("eBay's list does not end", status=200)

    def _json(self, method: str, path: str, seller_id: str | None = None) -> dict[str, Any]:
        document = parse(self._ask(method, path, None, seller_id).body)
        if not isinstance(document, dict):
            raise BadAnswerError("eBay's answer is no object", status=200)
        return document

    def _ask(self, method: str, path: str, document: dict[str, Any] | None = None, seller_id: str | None = None) -> Answer:
        content = json.dumps(document).encode() if document is not None else None
        if seller_id is not None:
            api = self.ebay.seller(seller_id)
            return api.authorized(RESOURCE, lambda token: self.ebay.send(token, method, path, content), self._good)
        return self._good(self.ebay.application(method, path, content))

    def _good(self, answer: Answer) -> Answer:
        if answer.status not in MADE:
            raise refusal(answer, self.ebay.clock(answer))
        return answer


def _subscription(topic: Topic, destination_id: str) -> dict[str, Any]:
    payload = {"format": "JSON", "schemaVersion": topic.schema_version, "deliveryProtocol": "HTTPS"}
    return {"status": "ENABLED", "destinationId": destination_id, "payload": payload}


def _version(payloads: list[Any]) -> str:
    usable = [one for one in payloads if isinstance(one, dict) and not one.get("deprecated") and isinstance(one.get("schemaVersion"), str)]
    return max(
        (one["schemaVersion"] for one in usable), default="1.0", key=lambda text: [int(part) for part in text.split(".") if part.isdigit()]
    )


def _text(document: Any, name: str) -> str:
    value = document.get(name) if isinstance(document, dict) else None
    return value if isinstance(value, str) else ""
