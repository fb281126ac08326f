"""`starter.py doctor`: every part asked once; what is wrong comes with its remedy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from console.office import Office
from console.output import FailedError
from ebay.errors import EbayError
from settings import SettingsError
from store import StoreError
from workflows.client import TemporalUnavailableError

EXPECTED = (SettingsError, StoreError, EbayError, TemporalUnavailableError, FailedError)


async def examine() -> list[dict[str, Any]]:
    """One row a check: `what`, `ok`, `found` (with the remedy where it is not ok)."""
    return [await _check(what, look) for what, look in CHECKS]


async def _check(what: str, look: Callable[[], Awaitable[str]]) -> dict[str, Any]:
    try:
        found, ok = await look(), True
    except EXPECTED as error:
        found, ok = str(error), False
    return {"mark": "ok" if ok else "x", "what": what, "ok": ok, "found": found}


async def _settings() -> str:
    Office.whole()
    return "all that the worker needs is set"


async def _postgres() -> str:
    _ = Office("database_url").store
    return "reached, and its tables are those of this version"


async def _temporal() -> str:
    client = await Office().temporal()
    return f"reached, namespace {client.namespace}"


async def _worker() -> str:
    office = Office()
    if not await office.has_worker(await office.temporal()):
        raise FailedError(f"nobody works on task queue {office.settings.task_queue}: start worker.py")
    return f"works on task queue {office.settings.task_queue}"


async def _ebay() -> str:
    with Office.whole().oauth() as oauth:
        token = oauth.application()
    return f"grants the application a token; its clock says {token.date:%H:%M:%S} UTC"


CHECKS = (("settings", _settings), ("Postgres", _postgres), ("Temporal", _temporal), ("worker", _worker), ("eBay", _ebay))
