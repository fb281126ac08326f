"""Destinations of the Notification API (eBay docs: destination). A new address is asked the challenge."""

import re
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any

import httpx

from simulator.answers import Answer
from simulator.apis.notification_call import BASE, STATUSES, NotificationCall, page, refused, require_application
from simulator.ledger import dumps
from simulator.state.notices import Destination

TOKEN = re.compile(r"[A-Za-z0-9_-]{32,80}")
ENDPOINT = re.compile(r"(https://|http://(127\.0\.0\.1|localhost)[:/])\S{1,1000}")  # eBay wants https; we are the one exception
CHALLENGE_S = 3.0


def get_destinations(call: NotificationCall) -> Answer:
    """All of them, by pages."""
    require_application(call)
    return page(call, "destinations", [_as_json(one) for one in call.world.notices.destinations.values()])


def get_destination(call: NotificationCall, id_: str) -> Answer:
    """One of them."""
    require_application(call)
    return Answer(200, dumps(_as_json(_destination(call, id_))))


def create_destination(call: NotificationCall) -> Answer:
    """A new one, once its endpoint has answered the challenge."""
    require_application(call)
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


def update_destination(call: NotificationCall, id_: str) -> Answer:
    """Another name, address, token or status; an enabled one is asked the challenge again."""
    require_application(call)
    known, requested = _destination(call, id_), _requested_destination(call)
    if requested.status == "ENABLED":
        _challenge(requested)
    known.name, known.status, known.endpoint, known.token = requested.name, requested.status, requested.endpoint, requested.token
    return Answer(204)


def delete_destination(call: NotificationCall, id_: str) -> Answer:
    """Gone, unless a subscription goes there."""
    require_application(call)
    _destination(call, id_)
    if any(one.destination == id_ for one in call.world.notices.subscriptions.values()):
        raise refused(409, 195024)
    del call.world.notices.destinations[id_]
    return Answer(204)


def _destination(call: NotificationCall, id_: str) -> Destination:
    if id_ not in call.world.notices.destinations:
        raise refused(404, 195022)
    return call.world.notices.destinations[id_]


def _requested_destination(call: NotificationCall) -> Destination:
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


def _as_json(one: Destination) -> dict[str, Any]:
    config = {"endpoint": one.endpoint, "verificationToken": one.token}
    return {"destinationId": one.id, "name": one.name, "status": one.status, "deliveryConfig": config}
