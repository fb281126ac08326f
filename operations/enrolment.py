"""Enrolling and connecting a seller: everything is checked before anything is stored, so that nothing is left half done."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import Client
from temporalio.service import RPCError

from domain.pacing import InventorySource
from ebay.errors import ClientRefusedError, DeadTokenError, EbayError, EbayUnavailableError, QuotaSpentError
from ebay.oauth import AccessToken
from operations.accounts import Learnt, check_account
from operations.audit import audited
from operations.context import CommandContext
from operations.errors import FailedError
from store import UnknownSellerError
from workflows.client import TemporalUnavailableError

A_SECOND = timedelta(seconds=1)  # behind eBay's clock: a Date header has whole seconds
WRONG = timedelta(days=1)  # so far behind eBay's the machine's clock is no clock
GIVE_UP = 3  # rows in a row for which eBay cannot be asked: it is down
logger = logging.getLogger("sellerbeat.enrolment")


class NobodyError(FailedError):
    """It is no matter of this seller's token: eBay refuses our own keys. Nothing was stored. `passing`: another try may go well."""

    passing = False


class EbayAwayError(NobodyError):
    """eBay does not answer, or takes no more calls for now. Nothing was stored. Act: try again."""

    passing = True


class ConsentRefusedError(FailedError):
    """eBay refuses the refresh token, or its scopes. Nothing was stored. Act: a new consent of the seller's."""


class EbayAnswerError(FailedError):
    """eBay answers what cannot be used. Nothing was stored. Act: try again; if it lasts, compare with eBay's documents."""


@dataclass(frozen=True)
class EnrolmentOptions:
    """What an enrolment sets beside the token. `backfill` None: as the settings have it; `ends` None: 18 months from now."""

    orders_every: timedelta | None = None
    backfill: timedelta | None = None
    scopes: str | None = None
    ends: datetime | None = None
    source: InventorySource = InventorySource.AUTO
    offers: bool = False
    fulfillment_every: timedelta | None = None
    inventory_every: timedelta | None = None

    def cadences(self) -> dict[str, float]:
        """Seconds by stream, of those that are set."""
        every = {"orders": self.orders_every, "fulfillment": self.fulfillment_every, "inventory": self.inventory_every}
        every["listings"] = self.inventory_every  # as `set-cadence --inventory` has it
        return {stream: given.total_seconds() for stream, given in every.items() if given}

    def stored(self) -> dict[str, Any]:
        """What the seller's row has of it: what was asked for; the rest is as the worker's version of us has it."""
        cadence = {"cadence": self.cadences()} if self.cadences() else {}
        chosen = {} if self.source is InventorySource.AUTO else {"inventory_source": self.source.value}
        return cadence | chosen | ({"offers": True} if self.offers else {})

    def audited(self) -> dict[str, Any]:
        """What stands in the audit of it."""
        chosen: dict[str, Any] = {"cadences_s": self.cadences(), "backfill_s": self.backfill and self.backfill.total_seconds()}
        chosen |= {"scopes": shown_scopes(scopes_of(self.scopes)), "inventory_source": self.source.value, "offers": self.offers}
        return {name: value for name, value in chosen.items() if value}

    def wrong(self) -> str | None:
        """Why these options contradict each other; None: they do not."""
        if self.offers and self.source is InventorySource.TRADING:
            return "--offers needs the Inventory API: with --inventory-source trading there are none to read"
        return None


@dataclass(frozen=True)
class EnrolmentRow:
    """`number`: the line of the file, the heading being 1. `wrong`: why nobody can be enrolled by it."""

    number: int
    seller_id: str | None = None
    refresh_token: str = ""
    options: EnrolmentOptions = EnrolmentOptions()
    wrong: str | None = None


@dataclass(frozen=True)
class EnrolmentResult:
    """What became of a seller: in words, and whether a worker is there to begin."""

    seller_id: str
    what: str
    worker: bool
    new: bool = False

    def words(self) -> str:
        """For a person."""
        return f"{self.seller_id} {self.what}" + ("" if self.worker else "; no worker yet: start worker.py")

    def fields(self) -> dict[str, Any]:
        """As `--json` gives it."""
        return {"seller_id": self.seller_id, "result": self.what, "worker": self.worker}


def read_from(ebays: datetime) -> datetime:
    """Where the orders' cursor of a new seller begins: by one answer's clock alone it might begin ahead of eBay."""
    return max(min(ebays, datetime.now(UTC)), ebays - WRONG) - A_SECOND


async def enroll_seller(
    context: CommandContext,
    author: str,
    seller_id: str,
    refresh_token: str,
    options: EnrolmentOptions,
    client: Client | None = None,
) -> EnrolmentResult:
    """Ask eBay for an access token, which proves the refresh token and tells eBay's clock; store; start the workflow.

    Args:
        client: of Temporal, where there is one.
    Raises:
        AccountRefusedError: it is another account's than the seller's, or another seller's.
        FailedError: eBay refuses the token, or cannot be asked. Nothing is stored, in either case.
    """
    client = client or await context.temporal()
    async with audited(context, author, "seller.enroll", seller_id, after=options.audited()):
        asked = scopes_of(options.scopes)
        access, learnt = await context.call_out(_proved, context, seller_id, refresh_token, asked)
        far = options.backfill or context.settings.backfill
        enrolled = await context.ask(
            context.store.sellers.enroll,
            seller_id,
            access.refresh_token or refresh_token,
            scopes=asked,
            now_ebay=access.date - A_SECOND,
            read_from=read_from(access.date),
            backfill_from=access.date - far,
            options=options.stored(),
            access_token=access.value,
            access_expires_at=access.expires_at,
            refresh_expires_at=options.ends,
            client=context.client,
        )
        if learnt.proven:
            await context.ask(context.store.accounts.proved, seller_id, enrolled.generation)
        context.recent_activity.forget(seller_id)
        worker = await tell_connected(context, client, seller_id, enrolled.generation)
    what = "is enrolled" if enrolled.new else "was enrolled already: the token is replaced, all else is kept"
    return EnrolmentResult(seller_id, what, worker, enrolled.new)


async def enroll_rows(
    context: CommandContext,
    author: str,
    rows: Sequence[EnrolmentRow],
    row_done: Callable[[EnrolmentRow, EnrolmentResult | FailedError], None],
) -> int:
    """Enrol each row's seller, one after another; `row_done` is called with what became of each. Returns how many failed.

    Raises:
        FailedError: no row can be enrolled: eBay refuses our own keys, or cannot be asked several times in a row.
    """
    client = await context.temporal()
    failed = unanswered = 0
    for row in rows:
        outcome: EnrolmentResult | FailedError = FailedError(row.wrong or "")
        if row.seller_id and not row.wrong:
            try:
                outcome, unanswered = await enroll_seller(context, author, row.seller_id, row.refresh_token, row.options, client), 0
            except NobodyError as error:
                unanswered += 1
                if not error.passing or unanswered == GIVE_UP:
                    raise FailedError(f"row {row.number}: {error}. The rows from {rows[0].number} on may be given again") from None
                outcome = error
            except FailedError as error:
                outcome, unanswered = error, 0
        failed += isinstance(outcome, FailedError)
        row_done(row, outcome)
    return failed


async def connect_seller(
    context: CommandContext, author: str, seller_id: str, refresh_token: str, scopes: str | None, ends: datetime | None
) -> EnrolmentResult:
    """The same for an enrolled seller's new token. Raises UnknownSellerError, and FailedError as `enroll_seller` does."""
    state = await context.ask(context.store.seller, seller_id)
    if state["state"] == "removed":
        raise UnknownSellerError(seller_id, removed=True)
    client = await context.temporal()
    asked = scopes_of(scopes) or list(await context.ask(context.store.tokens.scopes, seller_id))
    async with audited(context, author, "seller.connect", seller_id, after={"scopes": shown_scopes(asked)} if asked else None):
        access, learnt = await context.call_out(_proved, context, seller_id, refresh_token, asked)
        generation = await context.ask(
            context.store.sellers.connect,
            seller_id,
            access.refresh_token or refresh_token,
            scopes=asked,
            access_token=access.value,
            access_expires_at=access.expires_at,
            refresh_expires_at=ends,
            client=context.client,
        )
        if learnt.proven:
            await context.ask(context.store.accounts.proved, seller_id, generation)
        worker = await tell_connected(context, client, seller_id, generation)
    return EnrolmentResult(seller_id, "is connected: polling goes on from the cursor", worker)


async def tell_connected(context: CommandContext, client: Client, seller_id: str, generation: int) -> bool:
    """Tell the workflow of a token that is stored. Returns whether a worker is there to begin.

    Where Temporal fails that is no failure: the token stays stored, and the watchdog of the next worker tells it.

    Raises:
        StoreError: Postgres failed.
    """
    try:
        await context.signal_connected(client, seller_id, generation)
    except (RPCError, TemporalUnavailableError) as error:
        logger.info("a workflow is told of its token later", extra={"seller_id": seller_id, "error": type(error).__name__})
        await context.ask(context.store.tokens.trials.report_later, seller_id, generation)
        return False
    try:
        return await context.has_worker(client)
    except (RPCError, TemporalUnavailableError):
        return False


async def enroll_or_connect(
    context: CommandContext, author: str, seller_id: str, refresh_token: str, options: EnrolmentOptions
) -> EnrolmentResult:
    """Enrol who is not; give who is the new token, and keep all else. Raises as `enroll_seller` does."""
    try:
        return await connect_seller(context, author, seller_id, refresh_token, options.scopes, options.ends)
    except UnknownSellerError:
        return await enroll_seller(context, author, seller_id, refresh_token, options)


def scopes_of(text: str | None) -> list[str]:
    """Scopes as people write them: separated by spaces, commas or lines."""
    return [scope for scope in re.split(r"[\s,]+", text or "") if scope]


def shown_scopes(scopes: Sequence[str]) -> list[str]:
    """Those that look like scopes: whoever mixes fields up gives a token in their place."""
    return [scope for scope in scopes if scope.startswith("https://")]


def _proved(context: CommandContext, seller_id: str, refresh_token: str, scopes: list[str]) -> tuple[AccessToken, Learnt]:
    """An access token, and that it is of the seller's account, as far as eBay tells. Raises FailedError: nothing is to be stored."""
    try:
        with context.oauth() as oauth:
            access = oauth.refresh(refresh_token, scopes)
            return access, check_account(context, oauth.exchange.http, seller_id, access.value, scopes)
    except DeadTokenError as error:
        keys = "SELLERBEAT_EBAY_CLIENT_ID, SELLERBEAT_EBAY_CLIENT_SECRET and SELLERBEAT_EBAY_API_URL"
        words = f"the seller must give a new consent, or it was given to another application: see {keys}"
        raise ConsentRefusedError(f"{error}; nothing was stored. Either {words}") from None
    except ClientRefusedError as error:
        keys = "SELLERBEAT_EBAY_CLIENT_ID and SELLERBEAT_EBAY_CLIENT_SECRET"
        raise NobodyError(f"{error}; nothing was stored. Check {keys}") from None
    except EbayError as error:
        words = f"eBay could not be asked ({error}); nothing was stored. Try again"
        down = isinstance(error, EbayUnavailableError | QuotaSpentError)
        raise (EbayAwayError if down else EbayAnswerError)(words) from None
