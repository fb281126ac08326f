"""A seller's consent by a link: the address to send them, and what becomes of the code that eBay sends back with them."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from domain.pacing import InventorySource
from ebay.consent import IDENTITY, SCOPES, address
from ebay.errors import EbayError, EbayUnavailableError, QuotaSpentError
from ebay.http import http_client
from ebay.oauth import CodeRefusedError, OAuth
from operations.accounts import AccountRefusedError, Learnt, check_account
from operations.audit import audited, recorded
from operations.context import CommandContext
from operations.enrolment import A_SECOND, EnrolmentOptions, read_from, shown_scopes
from operations.returning import checked_address, checked_name
from store import UnknownSellerError
from store.sellers.consents import NOBODY_SAID, Ticket, Unclaimed
from store.sellers.sellers import Enrolled

LASTING = timedelta(days=3)  # of a link, where nobody says another time
NEEDED = ("database_url", "secret_keys", "ebay_client_id", "ebay_client_secret", "ebay_redirect_name")
logger = logging.getLogger("sellerbeat.consent")


class ConsentOutcome(StrEnum):
    """What a consent came to; `pages/connected.py` has the words and statuses."""

    DONE = "done"
    DECLINED = "declined"
    FORGED = "forged"
    EXPIRED = "expired"
    USED = "used"
    BUSY = "busy"
    CODE_REFUSED = "code_refused"
    WRONG_ACCOUNT = "wrong_account"
    TAKEN = "account_taken"
    UNAVAILABLE = "unavailable"  # eBay
    NOT_NOW = "not_now"  # Postgres or Temporal
    REFUSED = "refused"  # eBay refuses the application, or answers what nobody understands


@dataclass(frozen=True, slots=True)
class Link:
    """An address for one seller, good once."""

    seller_id: str
    url: str
    expires_at: datetime

    def fields(self) -> dict[str, Any]:
        """As `--json` and the page give it."""
        return {"seller_id": self.seller_id, "url": self.url, "expires_at": self.expires_at}


@dataclass(frozen=True, slots=True)
class PendingGrant:
    """What eBay gave, as it is kept until it is stored for good."""

    refresh_token: str
    refresh_expires_at: datetime | None
    access_token: str
    access_expires_at: datetime
    date: datetime  # eBay's clock when it gave it; ours where an older version kept it

    def written(self) -> str:
        """As `consents.save_code` stores it, sealed: JSON, times in ISO."""
        end, times = self.refresh_expires_at, (self.access_expires_at.isoformat(), self.date.isoformat())
        return json.dumps([self.refresh_token, end and end.isoformat(), self.access_token, *times])

    @classmethod
    def read(cls, text: str) -> PendingGrant:
        """What `written` gave, of this version or of one before."""
        refresh, end, access, over, *date = json.loads(text)
        given = datetime.fromisoformat(date[0]) if date else datetime.now(UTC)
        return cls(refresh, datetime.fromisoformat(end) if end else None, access, datetime.fromisoformat(over), given)


def options_of(orders_every: timedelta | None, backfill: timedelta | None, source: InventorySource, offers: bool) -> dict[str, Any]:
    """What the seller's enrolment will have, as short as a link should be; {} for the usual."""
    chosen: dict[str, Any] = {"every": orders_every and orders_every.total_seconds(), "backfill": backfill and backfill.total_seconds()}
    chosen |= {"source": None if source is InventorySource.AUTO else source.value, "offers": offers or None}
    return {name: value for name, value in chosen.items() if value is not None}


def _options(ticket: Ticket) -> EnrolmentOptions:
    """What `options_of` made of them."""
    chosen = ticket.options
    every, backfill = (timedelta(seconds=chosen[name]) if name in chosen else None for name in ("every", "backfill"))
    source = InventorySource(chosen.get("source", InventorySource.AUTO))
    return EnrolmentOptions(every, backfill, " ".join(ticket.scopes), source=source, offers=bool(chosen.get("offers")))


def make_link(
    context: CommandContext,
    seller_id: str,
    lasting: timedelta = LASTING,
    options: Mapping[str, Any] | None = None,
    scopes: Sequence[str] = (),
    return_to: str | None = None,
    app: str | None = None,
    by: str = NOBODY_SAID,
) -> Link:
    """A link for a seller, enrolled or not. Needs no eBay and no Temporal.

    Args:
        return_to: where the app wants the seller's browser afterwards; None: on a page of ours, as its end.
        app: the app's name, for the seller to read; None: the host of `return_to`.
        by: who makes it, as the audit has it: the enrolment will stand there in their name.
    Raises:
        ReturnRefusedError: one of these two cannot be used. No link was made.
    """
    settings = context.settings
    assert settings.ebay_client_id
    assert settings.ebay_redirect_name
    state, end = context.store.consents.issue(seller_id, lasting, options, scopes, _back(context, return_to, app), by)
    url = address(settings.ebay_auth_url, settings.ebay_client_id, settings.ebay_redirect_name, _asked(scopes), state)
    return Link(seller_id, url, end)


def _back(context: CommandContext, return_to: str | None = None, app: str | None = None, **_: Any) -> dict[str, str]:
    """Where the seller goes afterwards. Raises ReturnRefusedError."""
    back = {} if return_to is None else {"to": checked_address(return_to, context.settings.allowed_origins)}
    return back | ({} if app is None else {"app": checked_name(app)})


async def link_seller(context: CommandContext, author: str, seller_id: str, lasting: timedelta = LASTING, **given: Any) -> Link:
    """The same with its row in the audit, which has no address. `given`: the rest of `make_link`'s arguments.

    Raises:
        NotConfiguredError: a setting is missing.
        ReturnRefusedError: as `make_link`.
    """
    context.require(NEEDED, "there can be no link")
    _back(context, **given)
    chosen = {"options": dict(given.get("options") or {}), "scopes": shown_scopes(given.get("scopes") or ())}
    async with audited(context, author, "seller.link", seller_id, after={"lasting_s": lasting.total_seconds(), **chosen}):
        return await context.ask(make_link, context, seller_id, lasting, by=author, **given)


def _asked(scopes: Sequence[str]) -> list[str]:
    """Whose account it is must be told, whatever else is asked for."""
    return list(dict.fromkeys([*scopes, IDENTITY])) if scopes else list(SCOPES)


def receive(context: CommandContext, ticket: Ticket, code: str) -> tuple[ConsentOutcome, int]:
    """Exchange the code, look whose account it is, store. Repeating it after any failure is safe.

    Returns:
        the outcome; of DONE also the token's generation: then the workflow is to be told, and `consents.use` is to end the link.
    Raises:
        StoreError: Postgres failed. The same link may be used again.
    """
    consents = context.store.consents
    claimed = consents.claim(ticket, code)
    if isinstance(claimed, Unclaimed):
        return ConsentOutcome(claimed.value), 0
    try:
        with http_client(1) as http:
            grant = PendingGrant.read(claimed) if claimed else _exchange(context, http, ticket, code)
            learnt = check_account(context, http, ticket.seller_id, grant.access_token, _asked(ticket.scopes))
    except AccountRefusedError as refused:
        consents.drop(ticket)
        return ConsentOutcome(refused.word), 0
    except CodeRefusedError:
        consents.drop(ticket)
        return ConsentOutcome.CODE_REFUSED, 0
    except (EbayUnavailableError, QuotaSpentError):
        consents.release(ticket)
        return ConsentOutcome.UNAVAILABLE, 0
    except EbayError as error:
        consents.release(ticket)
        logger.error("eBay refuses a consent", extra={"seller_id": ticket.seller_id, "error": type(error).__name__, "detail": str(error)})
        return ConsentOutcome.REFUSED, 0
    return _store(context, ticket, grant, learnt)


def _exchange(context: CommandContext, http: Any, ticket: Ticket, code: str) -> PendingGrant:
    settings = context.settings
    assert settings.ebay_client_id
    assert settings.ebay_client_secret
    assert settings.ebay_redirect_name
    secret, timeout_s = settings.ebay_client_secret.get_secret_value(), settings.ebay_timeout.total_seconds()
    oauth = OAuth(http, settings.ebay_api_url, settings.ebay_client_id, secret, timeout_s)
    gave = oauth.exchange_code(code, settings.ebay_redirect_name)
    access = gave.access
    grant = PendingGrant(gave.refresh_token, gave.refresh_expires_at, access.value, access.expires_at, access.date)
    context.store.consents.save_code(ticket, code, grant.written())
    return grant


def _store(context: CommandContext, ticket: Ticket, grant: PendingGrant, learnt: Learnt) -> tuple[ConsentOutcome, int]:
    seller_id = ticket.seller_id
    if not context.store.consents.is_open(ticket):  # the seller was removed while eBay was asked
        return ConsentOutcome.EXPIRED, 0
    options = _options(ticket)
    action, after = _act(context, ticket, options)
    with recorded(context, action, seller_id, after=after, author=ticket.by):
        enrolled = _enroll(context, ticket, options, grant, learnt)
    return ConsentOutcome.DONE, enrolled.generation


def _act(context: CommandContext, ticket: Ticket, options: EnrolmentOptions) -> tuple[str, dict[str, Any] | None]:
    """What the consent does, and with what, as the audit has both."""
    try:
        enrolled = context.store.seller(ticket.seller_id)["state"] != "removed"
    except UnknownSellerError:
        enrolled = False
    if enrolled:
        return "seller.connect", {"scopes": shown_scopes(ticket.scopes)} if ticket.scopes else None
    return "seller.enroll", options.audited()


def _enroll(context: CommandContext, ticket: Ticket, options: EnrolmentOptions, grant: PendingGrant, learnt: Learnt) -> Enrolled:
    store, seller_id, date = context.store, ticket.seller_id, learnt.date or grant.date
    enrolled = store.sellers.enroll(
        seller_id,
        grant.refresh_token,
        scopes=_asked(ticket.scopes),
        now_ebay=date - A_SECOND,
        read_from=read_from(date),
        backfill_from=date - (options.backfill or context.settings.backfill),
        options=options.stored(),
        access_token=grant.access_token,
        access_expires_at=grant.access_expires_at,
        refresh_expires_at=grant.refresh_expires_at,
        client=context.client,
    )
    if learnt.proven:
        store.accounts.proved(seller_id, enrolled.generation)
    return enrolled
