"""eBay's Notification API, v1 (eBay docs: config, destination, topic, subscription, public_key)."""

import re
from collections.abc import Callable
from typing import Any

from simulator.answers import Answer, ApiError
from simulator.apis import notification_destinations as destinations
from simulator.apis import notification_subscriptions as subscriptions
from simulator.apis.notification_call import BASE, NotificationCall, page, refused, require_application
from simulator.ledger import dumps
from simulator.requests import Request
from simulator.world import World


def handles(path: str) -> bool:
    """Whether the path is of this API."""
    return path.startswith(f"{BASE}/")


def answer(world: World, request: Request, body: bytes) -> Answer:
    """One call, by the table at the end."""
    call = NotificationCall(world, request, request.seller, request.scopes, body)
    for (method, pattern), act in ROUTES.items():
        found = re.fullmatch(BASE + pattern, request.path.rstrip("/"))
        if found and method == request.method:
            return act(call, *found.groups())
    raise ApiError(404, 2002, "ACCESS", "Resource not found")


# config


def get_config(call: NotificationCall) -> Answer:
    """The address that eBay writes to where deliveries fail."""
    require_application(call)
    if not call.world.notices.email:
        raise refused(404, 195026)
    return Answer(200, dumps({"alertEmail": call.world.notices.email}))


def put_config(call: NotificationCall) -> Answer:
    """Another one; there must be one before there are destinations."""
    require_application(call)
    email = call.document().get("alertEmail")
    if not isinstance(email, str) or not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        raise refused(400, 195025)
    call.world.notices.email = email
    return Answer(204)


# topics and keys


def get_topics(call: NotificationCall) -> Answer:
    """What this keyset may be notified of, by pages."""
    require_application(call)
    return page(call, "topics", [_topic(call, name) for name in call.world.notices.topics])


def get_topic(call: NotificationCall, name: str) -> Answer:
    """One of them."""
    require_application(call)
    if name not in call.world.notices.topics:
        raise refused(404, 195002)
    return Answer(200, dumps(_topic(call, name)))


def _topic(call: NotificationCall, name: str) -> dict[str, Any]:
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


def get_public_key(call: NotificationCall, kid: str) -> Answer:
    """What the signatures of this key id are checked with."""
    require_application(call)
    try:
        key = call.world.notices.public_key(kid)
    except KeyError:
        raise refused(404, 195001) from None
    return Answer(200, dumps({"key": key, "algorithm": "ECDSA", "digest": call.world.notices.digest}))


ID = r"/([A-Za-z0-9_-]{1,100})"
ROUTES: dict[tuple[str, str], Callable[..., Answer]] = {
    ("GET", "/config"): get_config,
    ("PUT", "/config"): put_config,
    ("GET", "/destination"): destinations.get_destinations,
    ("POST", "/destination"): destinations.create_destination,
    ("GET", f"/destination{ID}"): destinations.get_destination,
    ("PUT", f"/destination{ID}"): destinations.update_destination,
    ("DELETE", f"/destination{ID}"): destinations.delete_destination,
    ("GET", "/topic"): get_topics,
    ("GET", f"/topic{ID}"): get_topic,
    ("GET", "/subscription"): subscriptions.get_subscriptions,
    ("POST", "/subscription"): subscriptions.create_subscription,
    ("PUT", f"/subscription{ID}"): subscriptions.update_subscription,
    ("DELETE", f"/subscription{ID}"): subscriptions.delete_subscription,
    ("GET", f"/public_key{ID}"): get_public_key,
}
