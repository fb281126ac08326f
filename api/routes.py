"""All routes of the API, a router a noun."""

from __future__ import annotations

from api import audit, changes, deliveries, described, endpoints, fleet, notifications, reconciling, tokens

ROUTERS = tuple(part.router for part in (changes, endpoints, deliveries, fleet, reconciling, notifications, audit, tokens, described))
