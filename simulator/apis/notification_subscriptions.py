"""Subscriptions of the Notification API (eBay docs: subscription).

With the application's token only its own are seen, without a word about the sellers'.
"""

from hashlib import sha256
from typing import Any

from simulator.answers import Answer
from simulator.apis.notification_call import BASE, STATUSES, NotificationCall, page, refused
from simulator.state.notices import Subscription
from simulator.times import iso


def get_subscriptions(call: NotificationCall) -> Answer:
    """Those of whom the token is: the seller's, or the application's."""
    return page(call, "subscriptions", [_as_json(one) for one in call.world.notices.subscriptions.values() if one.seller == call.seller])


def create_subscription(call: NotificationCall) -> Answer:
    """A new one, one a topic and owner."""
    notices, document = call.world.notices, call.document()
    if not notices.email:
        raise refused(409, 195003)
    topic = document.get("topicId")
    if topic not in notices.topics:
        raise refused(400, 195027)
    scope, scopes = notices.topics[topic]
    if (scope == "USER") is not bool(call.seller) or not call.scopes.intersection(scopes):
        raise refused(403, 195011)
    requested = _requested_subscription(call, topic)
    if any(one.topic == topic and one.seller == call.seller for one in notices.subscriptions.values()):
        raise refused(409, 195012)
    requested.id = sha256(f"{notices.seed}:subscription:{call.seller}:{topic}:{len(notices.subscriptions)}".encode()).hexdigest()[:20]
    notices.subscriptions[requested.id] = requested
    return Answer(201, "", {"Location": f"https://api.ebay.com{BASE}/subscription/{requested.id}"})


def update_subscription(call: NotificationCall, id_: str) -> Answer:
    """Another status or destination."""
    known = _subscription(call, id_)
    requested = _requested_subscription(call, known.topic)
    known.status, known.destination = requested.status, requested.destination
    return Answer(204)


def delete_subscription(call: NotificationCall, id_: str) -> Answer:
    """Gone."""
    _subscription(call, id_)
    del call.world.notices.subscriptions[id_]
    return Answer(204)


def _subscription(call: NotificationCall, id_: str) -> Subscription:
    found = call.world.notices.subscriptions.get(id_)
    if not found or found.seller != call.seller:
        raise refused(404, 195013)
    return found


def _requested_subscription(call: NotificationCall, topic: str) -> Subscription:
    document = call.document()
    payload = document.get("payload")
    payload = payload if isinstance(payload, dict) else {}
    status, destination = document.get("status"), document.get("destinationId")
    if status not in STATUSES:
        raise refused(400, 195006)
    if destination not in call.world.notices.destinations:
        raise refused(400, 195007)
    if payload.get("schemaVersion") != "1.0":
        raise refused(400, 195008)
    if payload.get("format") != "JSON":
        raise refused(400, 195009)
    if payload.get("deliveryProtocol") != "HTTPS":
        raise refused(400, 195010)
    if status == "ENABLED" and call.world.notices.destinations[destination].status != "ENABLED":
        raise refused(409, 195015)
    return Subscription("", topic, call.seller, status, destination, call.world.clock.now_ms())


def _as_json(one: Subscription) -> dict[str, Any]:
    return {
        "subscriptionId": one.id,
        "topicId": one.topic,
        "status": one.status,
        "creationDate": iso(one.created_ms),
        "destinationId": one.destination,
        "payload": {"format": "JSON", "schemaVersion": one.version, "deliveryProtocol": "HTTPS"},
    }
