"""Enrolling, connecting and removing a seller: everything is checked before anything is stored, so that nothing is left half done."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from temporalio.service import RPCError

from console.office import Office
from console.output import FailedError
from ebay.errors import ClientRefusedError, DeadTokenError, EbayError
from ebay.oauth import AccessToken
from pacing import InventorySource
from store import UnknownSellerError
from workflows.client import handle, is_missing


@dataclass(frozen=True)
class Answer:
    seller_id: str
    what: str
    worker: bool

    def words(self) -> str:
        return f"{self.seller_id} {self.what}" + ("" if self.worker else "; no worker yet: start worker.py")

    def fields(self) -> dict[str, Any]:
        return {"seller_id": self.seller_id, "result": self.what, "worker": self.worker}


async def enroll_seller(
    office: Office,
    seller_id: str,
    refresh_token: str,
    orders_every: timedelta | None,
    backfill: timedelta | None,
    scopes: str | None,
    ends: datetime | None,
    source: InventorySource,
    offers: bool = False,
) -> Answer:
    """Ask eBay for an access token, which proves the refresh token and tells eBay's clock; store; start the workflow.

    Args:
        ends: of the refresh token; None: 18 months from now, eBay's usual, or as before where it is the same token again.
        source: where the stock is read.
        offers: whether prices and quantities by marketplace are read too.
    Raises:
        FailedError: eBay refuses the token, or cannot be asked. Nothing is stored.
    """
    client = await office.temporal()
    asked = _scopes(scopes)
    access = _proved(office, refresh_token, asked)
    far = backfill or office.settings.backfill
    enrolled = office.store.sellers.enroll(
        seller_id,
        access.refresh_token or refresh_token,
        scopes=asked,
        now_ebay=access.date - timedelta(seconds=1),
        backfill_from=access.date - far,
        options=_options(orders_every, source, offers),
        access_token=access.value,
        access_expires_at=access.expires_at,
        refresh_expires_at=ends,
    )
    await office.tell_connected(client, seller_id, enrolled.generation)
    what = "is enrolled" if enrolled.new else "was enrolled already: the token is replaced, all else is kept"
    return Answer(seller_id, what, await office.has_worker(client))


async def connect_seller(office: Office, seller_id: str, refresh_token: str, scopes: str | None, ends: datetime | None) -> Answer:
    """The same for an enrolled seller's new token. Raises UnknownSellerError, and FailedError as `enroll_seller` does."""
    state = office.store.seller(seller_id)
    if state["state"] == "removed":
        raise UnknownSellerError(seller_id, removed=True)
    client = await office.temporal()
    asked = _scopes(scopes) or list(office.store.tokens.scopes(seller_id))
    access = _proved(office, refresh_token, asked)
    generation = office.store.sellers.connect(
        seller_id,
        access.refresh_token or refresh_token,
        scopes=asked,
        access_token=access.value,
        access_expires_at=access.expires_at,
        refresh_expires_at=ends,
    )
    await office.tell_connected(client, seller_id, generation)
    return Answer(seller_id, "is connected: polling goes on from the cursor", await office.has_worker(client))


async def remove_seller(office: Office, seller_id: str) -> None:
    """Stop in Postgres first: from then on no step can commit, whether or not Temporal can be reached."""
    office.store.sellers.remove(seller_id)
    await _end(office, seller_id)


async def erase_seller(office: Office, seller_id: str) -> None:
    office.store.seller(seller_id)
    office.store.sellers.remove(seller_id)
    await _end(office, seller_id)
    office.store.sellers.erase(seller_id)


async def _end(office: Office, seller_id: str) -> None:
    client = await office.temporal()
    try:
        await handle(client, seller_id).terminate("the seller was removed")
    except RPCError as error:
        if not is_missing(error):
            raise


def _options(orders_every: timedelta | None, source: InventorySource, offers: bool) -> dict[str, Any]:
    """What was asked for; the rest is as the worker's version of us has it."""
    cadence = {"cadence": {"orders": orders_every.total_seconds()}} if orders_every else {}
    chosen = {} if source is InventorySource.AUTO else {"inventory_source": source.value}
    return cadence | chosen | ({"offers": True} if offers else {})


def _scopes(text: str | None) -> list[str]:
    return [scope for scope in re.split(r"[\s,]+", text or "") if scope]


def _proved(office: Office, refresh_token: str, scopes: list[str]) -> AccessToken:
    try:
        with office.oauth() as oauth:
            return oauth.refresh(refresh_token, scopes)
    except DeadTokenError as error:
        raise FailedError(f"{error}; nothing was stored. The seller must give a new consent") from None
    except ClientRefusedError as error:
        raise FailedError(f"{error}; nothing was stored. Check SELLERBEAT_EBAY_CLIENT_ID and SELLERBEAT_EBAY_CLIENT_SECRET") from None
    except EbayError as error:
        raise FailedError(f"eBay could not be asked ({error}); nothing was stored. Try again") from None
