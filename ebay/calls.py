"""One seller's calls: with their access token, each counted, and once more with a renewed token where eBay refused it."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from ebay.answers import refusal, token_refused
from ebay.connection import EbayConnection
from ebay.documents import parse
from ebay.errors import AccessDeniedError, BadAnswerError, EbayError
from ebay.http import Answer, utc_now

T = TypeVar("T")

ORDERS, INVENTORY, TRADING, FEED = "orders", "inventory", "trading", "feed"
"""eBay's quotas, one for each: the resources of our ledger."""


@dataclass(slots=True)
class SellerCalls:
    """The part that all of a seller's calls share. Not for several threads at a time."""

    ebay: EbayConnection
    seller_id: str
    calls: int = 0  # API calls made, failed ones and repeats with a renewed token too; token calls not
    date: datetime | None = None  # eBay's time at the latest answer, as near as it is known
    sure: datetime | None = None  # not after it, whichever clock is wrong: how far a cursor may move
    dated: bool = True  # False: `sure` is not that answer's own Date, which was missing or not to be believed
    slowest_s: float = 0.0
    latest: str = ""  # the resource of the latest call
    spent: Counter[str] = field(default_factory=Counter)  # the same calls by resource
    ours: Callable[[], datetime] = utc_now  # our clock, which eBay's is compared with
    permit: Callable[[str], None] | None = None  # asked before each call, by its resource; it raises where none may be made
    gate: Callable[[str], None] | None = None  # the same, before a token is asked for: whether eBay is there at all
    on_answer: Callable[[str, EbayError | None], EbayError | None] | None = None  # how each call ended; gives the error to be raised

    def now(self) -> datetime:
        """eBay's time at the latest answer; before the first one, our clock."""
        return self.date or self.ours()

    def json(self, resource: str, method: str, path: str, content: bytes | None = None) -> Any:
        """A call of a REST API and its JSON. 207 is as good as 200: what failed inside says so itself."""

        def read(answer: Answer) -> Any:
            if answer.status not in (200, 207):
                raise refusal(answer, self.now())
            return parse(answer.body)

        return self.authorized(resource, lambda token: self.ebay.send(token, method, path, content), read)

    def authorized(self, resource: str, ask: Callable[[str], Answer], read: Callable[[Answer], T]) -> T:
        """What `read` makes of eBay's answer; where it raises that the token is refused, `ask` is done again, once, with a renewed one.

        Raises:
            BadAnswerError: a fresh token was refused too. Not the seller's fault, as far as we know: the refresh token was good just now.
        """
        if self.gate:
            self.gate(resource)
        tokens, known = self.ebay.tokens, self.ebay.refused
        token = _had(lambda: tokens.current(self.seller_id))
        try:
            return self._judged(resource, ask, read, token)
        except EbayError as error:
            if not token_refused(error):
                raise
            refused = error
        if isinstance(refused, AccessDeniedError) or not known.has(self.seller_id, token, self.ours()):
            old = token
            token = _had(lambda: tokens.renewed(self.seller_id, old))
            try:
                return self._judged(resource, ask, read, token)
            except EbayError as error:
                if isinstance(error, AccessDeniedError) or not token_refused(error):
                    raise
                refused = error
            known.note(self.seller_id, token, self.ours())
        raise BadAnswerError("eBay refused a fresh access token", status=refused.status, codes=refused.codes)

    def _judged(self, resource: str, ask: Callable[[str], Answer], read: Callable[[Answer], T], token: str) -> T:
        """One call, and told how it ended."""
        if self.permit:
            self.permit(resource)
        try:
            value = read(self._counted(resource, ask, token))
        except EbayError as error:
            instead = self.on_answer(resource, error) if self.on_answer else error
            if instead is None or instead is error:
                raise
            raise instead from None
        if self.on_answer:
            self.on_answer(resource, None)
        self.ebay.refused.forget(self.seller_id)
        return value

    def _counted(self, resource: str, ask: Callable[[str], Answer], token: str) -> Answer:
        self.calls += 1
        self.spent[resource] += 1
        self.latest = resource
        began = time.monotonic()
        try:
            answer = ask(token)
        except EbayError:
            self.ebay.observe(resource, None, time.monotonic() - began)
            raise
        self.ebay.observe(resource, answer.status, answer.took_s)
        self.slowest_s = max(self.slowest_s, answer.took_s)
        self._heard(answer.date)
        return answer

    def _heard(self, date: datetime | None) -> None:
        moment = self.ebay.times.hear(date, self.ours())
        self.date, self.sure, self.dated = moment.at, moment.sure, moment.dated


def _had(token: Callable[[], str]) -> str:
    try:
        return token()
    except EbayError as error:
        error.token = True
        raise
