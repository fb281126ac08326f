"""All routes of the API, a router a noun."""

from __future__ import annotations

from api import (
    aside,
    audit,
    changes,
    connecting,
    day,
    deliveries,
    described,
    endpoints,
    events,
    finding,
    fleet,
    messages,
    notifications,
    reconciling,
    replays,
    seller_settings,
    sellers,
    snapshots,
    steering,
    tokens,
)

_PARTS = (changes, sellers, day, connecting, steering, seller_settings, snapshots, aside, notifications)
_FLEET = (endpoints, deliveries, messages, replays, fleet, finding, reconciling, audit, tokens, events)
ROUTERS = tuple(part.router for part in (*_PARTS, *_FLEET, described))
