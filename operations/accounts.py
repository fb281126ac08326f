"""Whose eBay account a token is, at every new token: of a file, of a CSV, of a link. One function for all of them."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from activities.polling.owners import same_account
from domain.accounts import AccountClaim, AccountVerdict
from domain.streams import Purpose
from ebay.client import Ebay, SellerApi
from ebay.consent import IDENTITY
from ebay.errors import EbayError, QuotaSpentError
from ebay.identity import Identity
from ebay.oauth import OAuth
from operations.errors import FailedError
from store import Store
from store.schema.errors import SecretError
from store.steps.accounts import Binding, Bound

if TYPE_CHECKING:
    import httpx

    from operations.context import CommandContext

Word = Literal["wrong_account", "account_taken"]
logger = logging.getLogger("sellerbeat.consent")


class AccountRefusedError(FailedError):
    """The token is another account's, or one that another seller has. Nothing was stored.

    Attributes:
        word: `wrong_account` or `account_taken`: the same for ever, for programs; it stands in the text too.
        other: the seller who has the account. The error's own text names them, so it is for whoever sees the whole fleet.
        discreet: the text without them, for whoever may see one seller only.
    """

    def __init__(self, word: Word, text: str, other: str | None = None, discreet: str | None = None) -> None:
        super().__init__(f"{text} ({word}); nothing was stored")
        self.word, self.other = word, other
        self.discreet = f"{discreet or text} ({word}); nothing was stored"


@dataclass(frozen=True, slots=True)
class Learnt:
    """What checking an account found."""

    proven: bool = False  # it is the seller's account, or the seller's first
    date: datetime | None = None  # eBay's clock when it told


def check_account(context: CommandContext, http: httpx.Client, seller_id: str, access_token: str, scopes: Sequence[str]) -> Learnt:
    """Ask eBay whose account a proven token is, and keep it as the seller's. Repeating it is fine.

    Where it cannot be learnt, since the scope is missing or eBay does not answer, nothing is kept and polls find it out.

    Args:
        scopes: of the consent; () for all that the seller gave.
    Raises:
        AccountRefusedError: it is another account, or another seller's. Nothing was kept.
        StoreError: Postgres failed.
    """
    settings, accounts = context.settings, context.store.accounts
    if scopes and IDENTITY not in scopes:
        return Learnt()
    try:
        user = Identity(http, settings.identity_url, settings.ebay_timeout.total_seconds()).user(access_token)
    except EbayError as error:
        logger.warning("eBay does not tell whose account it is", extra={"seller_id": seller_id, "error": str(error)})
        return Learnt()
    claim = AccountClaim(user.user_id, user.name)
    try:
        bound = accounts.bind(seller_id, claim)
    except SecretError:  # a key was dropped too early; a new token is the remedy, and must not fail for that
        return Learnt(date=user.date)
    if bound.binding is Binding.UNSURE:
        try:
            verdict = _asked(context, http, seller_id, access_token, claim, user.date)
        except EbayError:  # polls ask again, before anything of it is stored
            return Learnt(date=user.date)
        bound = accounts.bind(seller_id, claim, sure=True) if verdict is AccountVerdict.SAME else Bound(Binding.ANOTHER_ACCOUNT)
    if bound.binding is Binding.ANOTHER_SELLER:
        logger.info("an eBay account is another seller's", extra={"seller_id": seller_id, "other": bound.other})
        raise AccountRefusedError(
            "account_taken",
            f"this eBay account is enrolled as {bound.other} already, and can be one seller only: give {seller_id}'s own token, or remove"
            f" {bound.other} first",
            bound.other,
            f"this eBay account is enrolled as another seller already, and can be one seller only: give {seller_id}'s own token",
        )
    if bound.binding is not Binding.BOUND:
        raise AccountRefusedError(
            "wrong_account",
            f"this token is of another eBay account than that of {seller_id}: the seller must consent with the account that was"
            " connected before; another account is another seller",
        )
    return Learnt(True, user.date)


def _asked(
    context: CommandContext, http: httpx.Client, seller_id: str, access_token: str, claim: AccountClaim, ebays_now: datetime
) -> AccountVerdict:
    """The name differs, and no id of before is known: whether eBay shows the token what was stored of the seller."""
    accounts = context.store.accounts
    ids = accounts.recent_orders(seller_id, ebays_now)
    verdict, _ = same_account(lambda said: accounts.compared(seller_id, said), ids, _api(context, http, seller_id, access_token), claim)
    return verdict


def _api(context: CommandContext, http: httpx.Client, seller_id: str, access_token: str) -> SellerApi:
    settings, store = context.settings, context.store
    oauth = OAuth(http, settings.ebay_api_url, settings.ebay_client_id or "", "")  # never asked: the token is fresh
    api = Ebay(settings.ebay_api_url, _Fresh(access_token), oauth, http, settings.ebay_timeout).seller(seller_id)
    api.permit = lambda resource: _permit(store, resource)
    return api


def _permit(store: Store, resource: str) -> None:
    """Raises QuotaSpentError: there is none. Where no worker ever ran there is no ledger yet."""
    if store.permits.lease(resource, 1, Purpose.URGENT) is None and resource in store.permits.all():
        raise QuotaSpentError(f"no calls of {resource} left")


class _Fresh:
    """One access token, given a moment ago."""

    def __init__(self, token: str) -> None:
        self._token = token

    def current(self, seller_id: str) -> str:
        return self._token

    def renewed(self, seller_id: str, refused: str) -> str:
        return self._token

    def belongs(self, seller_id: str, consent: Hashable, now: datetime | None = None) -> None:
        pass

    def revived(self, seller_id: str, now: datetime | None = None) -> bool:
        return False
