"""What many tests of the API do: ask with a token of some scope, and look what a workflow and the audit were told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError

from domain.scopes import Scope
from store import Store
from tests.web.site import Site
from tests.web.test_buttons import signals
from tests.workflows.fakes import FakeSteps
from workflows.client import handle, is_missing


@dataclass
class Worked:
    """A site, and the steps of the worker behind it."""

    site: Site
    steps: FakeSteps


def token(store: Store, scope: Scope, *sellers: str, ebay: bool = False, name: str = "app") -> dict[str, str]:
    """A header with a new token."""
    made = store.api_tokens.create(name, scope, by="os:test", ebay=ebay, sellers=sellers)
    return {"Authorization": f"Bearer {made.token}"}


def caller(site: Site, store: Store, scope: Scope, *sellers: str, ebay: bool = False) -> httpx.AsyncClient:
    """An app with a new token, called as its scope is."""
    return site.visitor(**token(store, scope, *sellers, ebay=ebay, name=f"{scope}{len(sellers)}"))


async def signalled(client: Client, seller: str = "anna") -> list[tuple[str, Any]]:
    """What a seller's workflow was told; [] where none runs: one of another test may have ended."""
    try:
        running = (await handle(client, seller).describe()).status is WorkflowExecutionStatus.RUNNING
    except RPCError as error:
        if not is_missing(error):
            raise
        return []
    return await signals(client, seller) if running else []


def acts(store: Store, seller: str | None = "anna") -> list[tuple[str, str, Any, Any, str | None]]:
    """Author, action, before, after and outcome of what stands in the audit, oldest first."""
    rows = reversed(store.audit.read(seller_id=seller))
    return [(row["author"], row["action"], row["before"], row["after"], row["outcome"]) for row in rows]
