"""An access token of a seller for calls that the app makes itself: short-lived, within the consent, and its calls counted beforehand.

The refresh token and the keys stay here. It is asked for where the polls' tokens are, so that a doubt about the keys, an outage and eBay's
quota of tokens hold for both. Nothing of a token is logged.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from activities.polling.tokens import NARROW_AN_HOUR, NarrowTokensSpentError, ScopesRefusedError
from activities.quota.breakers import OutageError
from activities.quota.permits import LATER, LIMITS
from domain.streams import Purpose
from ebay.errors import DeadTokenError, EbayError, QuotaSpentError
from operations.audit import audited
from operations.context import EBAY_KEYS, CommandContext
from operations.errors import FailedError
from store.schema.times import iso

LIVES = timedelta(minutes=15)  # at least; eBay's live for two hours, and one that has so long yet is given again
AGAIN_S = 30.0  # where eBay does not say when
MOST_CALLS = 10_000  # of one resource for one token
SCOPE = re.compile(r"https://api\.ebay\.com/oauth/api_scope[A-Za-z0-9._/-]{0,200}")
MOST_SCOPES = 50
logger = logging.getLogger("sellerbeat.app_tokens")


class WrongTokenRequestError(FailedError):
    """What was asked for is no scope, no resource or no number of calls. For the API a 422."""


class ScopeMissingError(FailedError):
    """The seller's consent does not have a scope that was asked for. Act: a link with it. For the API a 422."""


class SellerStateError(FailedError):
    """The seller has no token that works: `state` is `removed` or `needs_reauthorization`. For the API a 409."""

    def __init__(self, seller_id: str, state: str) -> None:
        what = "was removed" if state == "removed" else "has to give a new consent: send a link, as starter.py connect prints it"
        super().__init__(f"there is no access token: seller {seller_id} {what}")
        self.state = state


class NoCallsLeftError(FailedError):
    """The quota does not have these calls; no token was given and no permit taken. For the API a 429.

    Attributes:
        until: UTC; when to ask again. None: never, for so many.
    """

    word = "quota"

    def __init__(self, resource: str, until: datetime | None) -> None:
        when = f"ask again at {iso(until)}" if until else "eBay does not give so many a day"
        super().__init__(f"eBay's quota does not have these calls of {resource} now: {when}")
        self.resource, self.until = resource, until


class TooManyTokensError(FailedError):
    """The seller's token was given for too many different sets of scopes within the hour. For the API a 429.

    Attributes:
        until: UTC; when to ask for another one.
    """

    word = "too_many_tokens"

    def __init__(self, until: datetime) -> None:
        super().__init__(
            f"{NARROW_AN_HOUR} tokens an hour with fewer scopes are given of a seller: ask with those of before, or again at {iso(until)}"
        )
        self.until = until


class TokenUnavailableError(FailedError):
    """eBay gives no access token just now: it is away, or gives the application none. For the API a 503."""

    word = "ebay_unavailable"

    def __init__(self, text: str, retry_after_s: float) -> None:
        super().__init__(f"{text}; ask again in {retry_after_s:.0f} s")
        self.retry_after_s = retry_after_s


@dataclass(frozen=True, slots=True)
class AppToken:
    """What the app gets. Texts of it hold no token."""

    seller_id: str
    access_token: str = field(repr=False)
    expires_at: datetime  # UTC
    scopes: tuple[str, ...]  # () for all that the seller gave, where nobody wrote down which
    api_url: str
    calls: Mapping[str, int]  # that were reserved

    def fields(self) -> dict[str, Any]:
        """As the API gives it."""
        rest = {"scopes": list(self.scopes), "api_url": self.api_url, "calls": dict(self.calls)}
        return {"seller_id": self.seller_id, "access_token": self.access_token, "expires_at": self.expires_at, **rest}


def app_token(
    context: CommandContext, seller_id: str, scopes: Sequence[str] | None = None, calls: Mapping[str, int] | None = None
) -> AppToken:
    """A token that lives for a quarter of an hour at least.

    Args:
        scopes: some of the consent's; None or none: all of them.
        calls: how many calls of which resource (`orders`, `inventory`, `trading`, `feed`) the app will make: taken from the day's quota, so
            that polls leave room for them. None is fine: what eBay counts is taken in hourly.
    Raises:
        WrongTokenRequestError, ScopeMissingError, SellerStateError, NoCallsLeftError, TooManyTokensError, TokenUnavailableError: as they
            say. In all but the last nothing was asked of eBay, or it said no.
        NotConfiguredError: the application's keys are not set here.
        UnknownSellerError: never enrolled.
        StoreError: Postgres failed.
    """
    asked, reserved = _asked(scopes or ()), _calls(calls or {})
    return _given(context, seller_id, context.store.seller(seller_id)["state"], asked, reserved)


async def give_app_token(
    context: CommandContext, author: str, seller_id: str, scopes: Sequence[str] | None = None, calls: Mapping[str, int] | None = None
) -> AppToken:
    """The same with its row in the audit, which has no token. Raises as it does."""
    asked, reserved = _asked(scopes or ()), _calls(calls or {})
    state = (await context.ask(context.store.seller, seller_id))["state"]
    async with audited(context, author, "seller.token", seller_id, after={"scopes": asked, "calls": reserved}):
        return await context.call_out(_given, context, seller_id, state, asked, reserved)


def _given(context: CommandContext, seller_id: str, state: str, asked: list[str], reserved: dict[str, int]) -> AppToken:
    context.require(EBAY_KEYS)
    if state in ("removed", "needs_reauthorization"):
        raise SellerStateError(seller_id, state)
    have = context.store.tokens.scopes(seller_id)
    if have and (missing := [scope for scope in asked if scope not in have]):
        raise ScopeMissingError(f"the consent of seller {seller_id} does not have {missing[0]}: send a link that asks for it")
    tokens = context.seller_tokens
    try:
        narrow = bool(asked) and set(asked) != set(have)
        held = tokens.narrow(seller_id, asked, LIVES) if narrow else tokens.lasting(seller_id, lives=LIVES)
    except ScopesRefusedError:
        raise ScopeMissingError(
            f"the consent of seller {seller_id} does not have all of these scopes: send a link that asks for them"
        ) from None
    except NarrowTokensSpentError as error:
        raise TooManyTokensError(context.store.levels.clock() + timedelta(seconds=error.retry_after_s or AGAIN_S)) from None
    except DeadTokenError:
        raise SellerStateError(seller_id, "needs_reauthorization") from None
    except EbayError as error:
        logger.warning("an app gets no token", extra={"seller_id": seller_id, "error": type(error).__name__, "detail": str(error)})
        raise TokenUnavailableError(f"eBay gives no access token: {error}", _again_s(error)) from None
    _reserve(context, reserved)
    return AppToken(seller_id, held.value, held.expires_at, held.scopes, context.settings.ebay_api_url, reserved)


def _again_s(error: EbayError) -> float:
    """When to ask again, as far as eBay said it, or the breaker lets one ask."""
    if isinstance(error, OutageError):
        return error.every.total_seconds()
    return (error.retry_after_s if isinstance(error, QuotaSpentError) else None) or AGAIN_S


def _asked(scopes: Sequence[str]) -> list[str]:
    if len(scopes) > MOST_SCOPES or not all(isinstance(scope, str) and SCOPE.fullmatch(scope) for scope in scopes):
        raise WrongTokenRequestError(
            f"scopes are eBay's, {MOST_SCOPES} at most, each as https://api.ebay.com/oauth/api_scope/sell.inventory"
        )
    return list(dict.fromkeys(scopes))


def _calls(calls: Mapping[str, int]) -> dict[str, int]:
    for resource, number in calls.items():
        if resource not in LIMITS:
            raise WrongTokenRequestError(f"calls are of {', '.join(sorted(LIMITS))}; there is no quota of {str(resource)[:40]!r}")
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= MOST_CALLS:
            raise WrongTokenRequestError(f"calls of {resource}: a whole number from 0 to {MOST_CALLS}")
    return {resource: number for resource, number in calls.items() if number}


def _reserve(context: CommandContext, calls: Mapping[str, int]) -> None:
    """Raises NoCallsLeftError."""
    if not calls:
        return
    permits = context.store.permits
    if new := calls.keys() - permits.all().keys():  # no worker ever ran
        permits.ensure({resource: getattr(context.settings, f"quota_{resource}") for resource in new})
    lacking = permits.lease_all(calls, Purpose.POLL)
    if lacking is None:
        return
    ledger, now = permits.all()[lacking], context.store.levels.clock()
    if calls[lacking] > ledger.limit:
        raise NoCallsLeftError(lacking, None)
    used = ledger.used if ledger.reset_at > now else 0
    spent = used + calls[lacking] > ledger.limit  # else the rest is kept back, and freed as the day goes by
    raise NoCallsLeftError(lacking, ledger.reset_at if spent else min(now + LATER, ledger.reset_at))
