"""Whose eBay account a token is, where that is not known yet: asked of eBay by what costs least, once for each token.

A token that was checked as it came costs nothing here, and neither does a quiet poll: what is known comes with the step. Orders are
compared by the name of the seller in them (`store/steps/accounts.py`), in the transaction that keeps them. Here is what is asked where
that does not do: the identity API, a seller's own stored orders by their ids (eBay shows them to nobody else), and the Trading API's
GetUser.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

from temporalio.exceptions import ApplicationError

from activities.polling.poll import PollResult
from domain.accounts import AccountClaim, AccountVerdict
from domain.changes.orders import entity_id
from domain.pacing import Stream
from domain.seller_state import Wait
from domain.streams import Purpose
from ebay.answers import token_refused
from ebay.client import SellerApi
from ebay.errors import AccessDeniedError, BadAnswerError, EbayError, EbayUnavailableError, NotFoundError, QuotaSpentError, RejectedError
from ebay.identity import Identity
from store import Store
from store.schema.kinds import NEEDS_REAUTHORIZATION
from store.steps.accounts import AccountTakenError, AccountUnsureError, Binding

if TYPE_CHECKING:
    from activities.polling.running import StepRun

ANOTHER = "another eBay account"  # how every reason begins
OTHER = f"the token is of {ANOTHER} than the one that was polled before"
HAS_IT = f"the token is of {ANOTHER}: one that another seller has"  # who that is is told to the log: the seller's readers see these words
UNPROVEN = "it is not known yet whose eBay account the new token is"
NEW = timedelta(days=1)  # an enrolled seller of whom no order came for so long is asked for by GetUser
LATER = timedelta(hours=6)  # what nothing could decide is asked again then
NEVER = timedelta(days=3650)
HOLD = timedelta(minutes=5)  # for what must not be read before it is known whose it is
ALONE = 3  # of the stored orders, asked for one by one where eBay does not answer for all of them
SILENT = (AccessDeniedError, RejectedError, NotFoundError, BadAnswerError)  # eBay answers, and says nothing of whose it is
logger = logging.getLogger("sellerbeat.owners")


def shows_stored(api: SellerApi, ids: Sequence[str]) -> bool | None:
    """Whether the account is the one whose orders these are. None: it cannot be told, since there are none or eBay refuses to answer.

    Raises:
        EbayError: eBay does not answer now; as every call.
    """
    answers: list[bool] = []
    failure: EbayUnavailableError | None = None
    for some in [ids, *([one] for one in ids[:ALONE])] if ids else []:
        try:
            answers.append(any(entity_id(order) in ids for order in api.orders_by_id(some).orders))
        except SILENT:
            continue
        except EbayUnavailableError as error:  # one record that eBay cannot show may spoil the list: the next ones alone
            failure = error
            continue
        if answers[-1] or some is ids:
            return answers[-1]
    if failure and not answers:
        raise failure
    return any(answers) if answers else None


def claim_by_trading(api: SellerApi) -> AccountClaim | None:
    """What GetUser says; None: nothing. Raises EbayError: eBay does not answer now."""
    try:
        user = api.user()
    except SILENT:
        return None
    return AccountClaim(name=user.name, eias=user.eias)


def same_account(
    compared: Callable[[AccountClaim], AccountVerdict],
    ids: Sequence[str],
    api: SellerApi,
    claim: AccountClaim | None,
    sure_unless_denied: bool = False,
) -> tuple[AccountVerdict, AccountClaim | None]:
    """The verdict on a token by all that can be asked, the cheapest first, and what eBay told on the way.

    Args:
        compared: with what is known of the seller's account.
        ids: of stored orders of that account.
        claim: what eBay said already.
        sure_unless_denied: the token was found to be the account's before, so a new name alone is no other account.
    Returns:
        UNKNOWN where nothing could be learnt. Never UNSURE: a name that differs, with a token that nothing vouches for, is taken to be
        another account's: to stop for a person costs hours, to tell an app somebody else's orders cannot be undone.
    """
    verdict = compared(claim) if claim else AccountVerdict.UNKNOWN
    if verdict in (AccountVerdict.SAME, AccountVerdict.OTHER):
        return verdict, claim
    shown = shows_stored(api, ids)
    if shown:
        return AccountVerdict.SAME, claim
    if claim is None or claim.eias is None:
        said = claim_by_trading(api)
        if said is not None:
            by_trading = compared(said)
            claim = AccountClaim(claim.user_id if claim else None, (claim and claim.name) or said.name, said.eias)
            if by_trading in (AccountVerdict.SAME, AccountVerdict.OTHER):
                return by_trading, claim
            verdict = AccountVerdict.UNSURE if AccountVerdict.UNSURE in (verdict, by_trading) else verdict
    if verdict is AccountVerdict.UNSURE:
        return (AccountVerdict.SAME if sure_unless_denied and shown is None else AccountVerdict.OTHER), claim
    return AccountVerdict.UNKNOWN, claim


class Owners:
    """Shared by all threads of a worker."""

    def __init__(self, store: Store, identity: Identity | None = None) -> None:
        """`identity`: None where the identity API is not asked."""
        self.store, self.identity = store, identity
        self.asked: dict[str, tuple[object, object]] = {}  # by seller: the consent that nothing could decide, and when to ask again

    def guarded(self, step: StepRun, read: Callable[[StepRun], PollResult]) -> PollResult:
        """What `read` comes to, where the token is the seller's own account's. Raises as `look` does."""
        if (held := self.look(step)) is not None:
            return held
        try:
            return read(step)
        except (AccountUnsureError, AccountTakenError) as error:
            return self.settle(step, error)

    def look(self, step: StepRun) -> PollResult | None:
        """Before a step reads. None: it may; a result: it has to wait.

        Raises:
            ApplicationError: AnotherAccountError; not retried, as DeadTokenError.
            EbayError: eBay does not answer now.
        """
        begun = step.step
        if begun.another:
            raise another(begun.token_generation)
        if begun.proven:
            return None
        if begun.account.known or begun.account.generation:  # where an earlier token was theirs, stored orders speak too
            return self.prove(step)
        if step.stream is Stream.ORDERS and not step.request.notified:
            self.ask_late(step)
        return None

    def prove(self, step: StepRun) -> PollResult | None:
        """A new token of a seller whose account is known: nothing is read with it before it is found to be that account's."""
        begun, now = step.step, step.now()
        consent = (begun.enrollment, begun.token_generation)
        last, again = self.asked.get(begun.seller_id, (None, None))
        ids = self.store.accounts.recent_orders(begun.seller_id, step.ebays_now())
        if last != consent or again is None or again <= now:  # type: ignore[operator]
            verdict, claim = self.verdict(step, None, ids)
            if verdict is AccountVerdict.OTHER:
                self.stop(step, OTHER)
            nothing_to_compare = claim is not None and not ids and not begun.account.known
            if verdict is AccountVerdict.SAME or nothing_to_compare:
                self.keep(step, claim)
                return None
            self.asked[begun.seller_id] = (consent, now + LATER)
        if ids and (step.stream is not Stream.ORDERS or step.request.notified):  # eBay shows none of them: the next orders tell
            return self.hold(step)
        return None

    def settle(self, step: StepRun, error: AccountUnsureError | AccountTakenError) -> PollResult:
        """The orders that a step read may be, or are, another account's. None was kept; where they are the seller's, it reads again."""
        if isinstance(error, AccountTakenError):
            self.stop(step, HAS_IT, error.other)
        ids = self.store.accounts.recent_orders(step.request.seller_id, step.ebays_now())
        verdict, claim = self.verdict(step, error.claim, ids)
        if verdict is AccountVerdict.OTHER:
            self.stop(step, OTHER)
        self.keep(step, replace(claim or error.claim, name=error.claim.name))
        return step.more("another user name of the same eBay account: the orders are read again")

    def verdict(self, step: StepRun, claim: AccountClaim | None, ids: Sequence[str]) -> tuple[AccountVerdict, AccountClaim | None]:
        seller_id = step.request.seller_id

        def compared(said: AccountClaim) -> AccountVerdict:
            return self.store.accounts.compared(seller_id, said)

        if user := self.by_identity(step):
            verdict = compared(user)
            if verdict in (AccountVerdict.SAME, AccountVerdict.OTHER):
                return verdict, user
            claim = AccountClaim(user.user_id, (claim and claim.name) or user.name)
        return same_account(compared, ids, step.api, claim, step.step.proven)

    def by_identity(self, step: StepRun) -> AccountClaim | None:
        """None: the scope is missing, or the API does not answer. Its calls have a quota of their own, 5,000 a day."""
        if self.identity is None:
            return None
        tokens, seller_id = step.api.ebay.tokens, step.request.seller_id
        token = tokens.current(seller_id)
        try:
            try:
                user = self.identity.user(token)
            except EbayError as error:
                if error.status != 401 or not token_refused(error):
                    raise
                token = tokens.renewed(seller_id, token)
                user = self.identity.user(token)
        except (*SILENT, EbayUnavailableError, QuotaSpentError):
            return None
        return AccountClaim(user.user_id, user.name)

    def keep(self, step: StepRun, claim: AccountClaim | None) -> None:
        """It is the seller's own account, by what was asked."""
        begun = step.step
        bound = self.store.accounts.bind(begun.seller_id, claim or AccountClaim(), sure=True, generation=begun.token_generation)
        if bound.binding is Binding.ANOTHER_SELLER:
            self.stop(step, HAS_IT, bound.other)
        if bound.binding is Binding.ANOTHER_ACCOUNT:
            self.stop(step, OTHER)
        if claim and claim.name:
            self.store.accounts.remember(begun, [claim.name])

    def ask_late(self, step: StepRun) -> None:
        """GetUser, once, for a new seller of whom no order came within a day: from Trading calls that nobody needs today."""
        begun, now = step.step, step.now()
        if step.ebays_now() - begun.enrolled_at < NEW or (begun.account.ask_at and begun.account.ask_at > now):
            return
        if self.store.permits.lease("trading", 1, Purpose.SPREAD) is None:
            return
        permit, step.api.permit = step.api.permit, None  # it has its permit
        try:
            claim = claim_by_trading(step.api)
        except (EbayUnavailableError, QuotaSpentError):
            self.store.accounts.ask_again(begun.seller_id, now + NEW)
            return
        finally:
            step.api.permit = permit
        if claim is None:
            self.store.accounts.ask_again(begun.seller_id, now + NEVER)
        else:
            self.keep(step, claim)

    def hold(self, step: StepRun) -> PollResult:
        if step.request.notified:
            return step.result(next_due=step.now() + HOLD, why=UNPROVEN)
        return step.steps.postpone(step, step.now() + HOLD, UNPROVEN, Wait.ACCOUNT)

    def stop(self, step: StepRun, what: str, other: str | None = None) -> NoReturn:
        """Another account: the seller needs a consent of their own. One event for each token, and an alert until a poll goes well.

        Args:
            other: the seller who has the account.
        """
        generation = step.step.token_generation
        with step.commit() as commit:
            step.count(commit)
            commit.seller_event(NEEDS_REAUTHORIZATION, generation)
            commit.refuse_account(f"{what}. Nothing of it is stored, and nothing is polled until the seller's own token comes")
        whose = {"other": other} if other else {}
        logger.error("a token is another account's", extra={"seller_id": step.request.seller_id, **whose})
        raise another(generation)


def another(generation: int) -> ApplicationError:
    return ApplicationError(f"the token is {ANOTHER}'s", generation, type="AnotherAccountError", non_retryable=True)
