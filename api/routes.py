"""All routes of the API, a router a noun."""

from __future__ import annotations

from api import changes, described, tokens

ROUTERS = tuple(part.router for part in (changes, tokens, described))
