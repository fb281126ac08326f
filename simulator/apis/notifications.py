"""eBay's Notification API, v1 (eBay docs: config, destination, topic, subscription, public_key). Destinations are asked the challenge."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any

import httpx

from simulator.answers import Answer, ApiError
from simulator.ledger import dumps
from simulator.requests import Request
from simulator.state.notices import Destination, Subscription
from simulator.times import iso
from simulator.world import World

BASE = "/commerce/notification/v1"
TOKEN = re.compile(r"[A-Za-z0-9_-]{32,80}")
ENDPOINT = re.compile(r"(https://|http://(127\.0\.0\.1|localhost)[:/])\S{1,1000}")  # eBay wants https; we are the one exception
STATUSES = ("ENABLED", "DISABLED")
CHALLENGE_S = 3.0
WORDS = {
    195001: "The specified key id is invalid.",
    195002: "Invalid or missing topic id.",
    195003: "Please provide configurations required for notifications. Refer to /config",
    195004: "Invalid limit. Supported ranges 10 - 100.",
    195005: "Invalid continuation token.",
    195006: "Invalid or missing subscription status.",
    195007: "Invalid or missing destination id.",
    195008: "Invalid or missing schema version. Please refer to /topic/{topic_id} for supported schema versions.",
    195009: "Specified format is not supported for the topic.",
    195010: "Invalid or missing protocol",
    195011: "Not authorized for this topic.",
    195012: "Subscription already exists",
    195013: "The subscription id does not exist.",
    195015: "The subscription cannot be enabled since the destination is not enabled.",
    195016: "Invalid name. Markups or lengths greater than 64 not supported",
    195017: "Invalid or missing endpoint.",
    195018: "Invalid or missing destination status. Supported values:[ENABLED,DISABLED]",
    195019: "Invalid or missing verification token for this endpoint.",
    195020: "Challenge verification failed for requested endpoint",
    195021: "Destination exists for this endpoint",
    195022: "Invalid or missing destination id.",
    195024: "Destination is in use and cannot be deleted.",
    195025: "Invalid or missing email.",
    195026: "Configuration Not Found.",
    195027: "Invalid or missing topic id.",
}


@dataclass(frozen=True)
class Call:
    """One request, with who asks: `seller` "" is the application."""

    world: World
    request: Request
    seller: str
    scopes: frozenset[str]
    body: bytes

    def document(self) -> dict[str, Any]:
        try:
            found = json.loads(self.body)
        except ValueError:
            found = None
        return found if isinstance(found, dict) else {}


def refused(status: int, error_id: int) -> ApiError:
    return ApiError(status, error_id, "API_NOTIFICATION", WORDS[error_id])


def handles(path: str) -> bool:
    return path.startswith(f"{BASE}/")


def answer(world: World, request: Request, body: bytes) -> Answer:
    call = Call(world, request, request.seller, request.scopes, body)
    for (method, pattern), act in ROUTES.items():
        found = re.fullmatch(BASE + pattern, request.path.rstrip("/"))
        if found and method == request.method:
            return act(call, *found.groups())
    raise ApiError(404, 2002, "ACCESS", "Resource not found")


# config


def get_config(call: Call) -> Answer:
    _application(call)
    if not call.world.notices.email:
        raise refused(404, 195026)
    return Answer(200, dumps({"alertEmail": call.world.notices.email}))


def put_config(call: Call) -> Answer:
    _application(call)
    email = call.document().get("alertEmail")
    if not isinstance(email, str) or not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise refused(400, 195025)
    call.world.notices.email = email
    return Answer(204)


# destinations


def get_destinations(call: Call) -> Answer:
    _application(call)
    return _page(call, "destinations", [_shown(one) for one in call.world.notices.destinations.values()])


def get_destination(call: Call, id_: str) -> Answer:
    _application(call)
    return Answer(200, dumps(_shown(_destination(call, id_))))


def create_destination(call: Call) -> Answer:
    _application(call)
    notices = call.world.notices
    if not notices.email:
        raise refused(409, 195003)
    requested = _requested_destination(call)
    if any(one.endpoint == requested.endpoint for one in notices.destinations.values()):
        raise refused(409, 195021)
    _challenge(requested)
    requested.id = f"{len(notices.destinations) + 1:08x}-{token_urlsafe(6)}"
    notices.destinations[requested.id] = requested
    return Answer(201, "", {"Location": f"https://api.ebay.com{BASE}/destination/{requested.id}"})


def update_destination(call: Call, id_: str) -> Answer:
    _application(call)
    known, requested = _destination(call, id_), _requested_destination(call)
    if requested.status == "ENABLED":
        _challenge(requested)
    known.name, known.status, known.endpoint, known.token = requested.name, requested.status, requested.endpoint, requested.token
    return Answer(204)


def delete_destination(call: Call, id_: str) -> Answer:
    _application(call)
    _destination(call, id_)
    if any(one.destination == id_ for one in call.world.notices.subscriptions.values()):
        raise refused(409, 195024)
    del call.world.notices.destinations[id_]
    return Answer(204)


def _destination(call: Call, id_: str) -> Destination:
    if id_ not in call.world.notices.destinations:
        raise refused(404, 195022)
    return call.world.notices.destinations[id_]


def _requested_destination(call: Call) -> Destination:
    """A malformed body gets 195017, as it does at eBay."""
    document = call.document()
    config = document.get("deliveryConfig")
    config = config if isinstance(config, dict) else {}
    name, status, endpoint, token = document.get("name"), document.get("status"), config.get("endpoint"), config.get("verificationToken")
    if not isinstance(endpoint, str) or not ENDPOINT.fullmatch(endpoint):
        raise refused(400, 195017)
    if not isinstance(name, str) or not 0 < len(name) <= 64 or "<" in name:
        raise refused(400, 195016)
    if status not in STATUSES:
        raise refused(400, 195018)
    if not isinstance(token, str) or not TOKEN.fullmatch(token):
        raise refused(400, 195019)
    return Destination("", name, status, endpoint, token)


def _challenge(destination: Destination) -> None:
    """`GET endpoint?challenge_code=...` must be answered with the hash of code, token and endpoint."""
    code = token_urlsafe(24)
    expected = sha256(f"{code}{destination.token}{destination.endpoint}".encode()).hexdigest()
    try:
        given = httpx.get(destination.endpoint, params={"challenge_code": code}, timeout=CHALLENGE_S, follow_redirects=False)
        good = given.status_code == 200 and "application/json" in given.headers.get("content-type", "")
        good = good and given.json() == {"challengeResponse": expected}
    except (httpx.HTTPError, ValueError):
        good = False
    if not good:
        raise refused(409, 195020)


def _shown(one: Destination) -> dict[str, Any]:
    config = {"endpoint": one.endpoint, "verificationToken": one.token}
    return {"destinationId": one.id, "name": one.name, "status": one.status, "deliveryConfig": config}


# topics and keys


def get_topics(call: Call) -> Answer:
    _application(call)
    return _page(call, "topics", [_topic(call, name) for name in call.world.notices.topics])


def get_topic(call: Call, name: str) -> Answer:
    _application(call)
    if name not in call.world.notices.topics:
        raise refused(404, 195002)
    return Answer(200, dumps(_topic(call, name)))


def _topic(call: Call, name: str) -> dict[str, Any]:
    scope, scopes = call.world.notices.topics[name]
    payload = {"format": ["JSON"], "schemaVersion": "1.0", "deliveryProtocol": "HTTPS", "deprecated": False}
    return {
        "topicId": name,
        "description": name.replace("_", " ").capitalize(),
        "authorizationScopes": list(scopes),
        "status": "ENABLED",
        "context": "SELL" if scope == "USER" else "DEVELOPER",
        "scope": scope,
        "supportedPayloads": [payload],
        "filterable": False,
    }


def get_public_key(call: Call, kid: str) -> Answer:
    _application(call)
    try:
        key = call.world.notices.public_key(kid)
    except KeyError:
        raise refused(404, 195001) from None
    return Answer(200, dumps({"key": key, "algorithm": "ECDSA", "digest": call.world.notices.digest}))


# subscriptions: with the application's token only its own are seen, without a word about the sellers'


def get_subscriptions(call: Call) -> Answer:
    return _page(
        call, "subscriptions", [_subscription_shown(one) for one in call.world.notices.subscriptions.values() if one.seller == call.seller]
    )


def create_subscription(call: Call) -> Answer:
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


def update_subscription(call: Call, id_: str) -> Answer:
    known = _subscription(call, id_)
    requested = _requested_subscription(call, known.topic)
    known.status, known.destination = requested.status, requested.destination
    return Answer(204)


def delete_subscription(call: Call, id_: str) -> Answer:
    _subscription(call, id_)
    del call.world.notices.subscriptions[id_]
    return Answer(204)


def _subscription(call: Call, id_: str) -> Subscription:
    found = call.world.notices.subscriptions.get(id_)
    if not found or found.seller != call.seller:
        raise refused(404, 195013)
    return found


def _requested_subscription(call: Call, topic: str) -> Subscription:
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


def _subscription_shown(one: Subscription) -> dict[str, Any]:
    return {
        "subscriptionId": one.id,
        "topicId": one.topic,
        "status": one.status,
        "creationDate": iso(one.created_ms),
        "destinationId": one.destination,
        "payload": {"format": "JSON", "schemaVersion": one.version, "deliveryProtocol": "HTTPS"},
    }


def _application(call: Call) -> None:
    """These calls go with the application's token."""
    if call.seller:
        raise ApiError(403, 1100, "ACCESS", "Access denied", "Insufficient permissions to fulfill the request.")


def _page(call: Call, name: str, rows: Sequence[dict[str, Any]]) -> Answer:
    query = call.request.query
    limit, token = query.get("limit", "20"), query.get("continuation_token", "")
    if not limit.isdigit() or not 10 <= int(limit) <= 100:
        raise refused(400, 195004)
    if token and not token.isdigit():
        raise refused(400, 195005)
    start, size = int(token or 0), int(limit)
    shown: dict[str, Any] = {"href": call.request.path, "limit": size, "total": len(rows), name: rows[start : start + size]}
    if start + size < len(rows):
        shown["next"] = f"https://api.ebay.com{call.request.path}?limit={size}&continuation_token={start + size}"
    return Answer(200, dumps(shown))


ID = r"/([A-Za-z0-9_-]{1,100})"
ROUTES: dict[tuple[str, str], Callable[..., Answer]] = {
    ("GET", "/config"): get_config,
    ("PUT", "/config"): put_config,
    ("GET", "/destination"): get_destinations,
    ("POST", "/destination"): create_destination,
    ("GET", f"/destination{ID}"): get_destination,
    ("PUT", f"/destination{ID}"): update_destination,
    ("DELETE", f"/destination{ID}"): delete_destination,
    ("GET", "/topic"): get_topics,
    ("GET", f"/topic{ID}"): get_topic,
    ("GET", "/subscription"): get_subscriptions,
    ("POST", "/subscription"): create_subscription,
    ("PUT", f"/subscription{ID}"): update_subscription,
    ("DELETE", f"/subscription{ID}"): delete_subscription,
    ("GET", f"/public_key{ID}"): get_public_key,
}
