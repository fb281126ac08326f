"""What eBay is to tell us, and where: set up, shown and repaired by one comparison of what is with what should be."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from activities.polling.tokens import StoredTokens
from ebay.client import Ebay
from ebay.errors import AccessDeniedError, DeadTokenError, EbayError
from ebay.notification_api import Destination, NotificationAddress, NotificationApi, Subscription, Topic
from ebay.topics import ACCOUNT_DELETION, COMMERCE
from operations.audit import audited
from operations.context import CommandContext
from operations.errors import FailedError
from store import StoreError, UnknownSellerError

PATH = "/ebay/notifications"
NEEDED = ("database_url", "secret_keys", "ebay_client_id", "ebay_client_secret", "public_url", "notification_token", "notification_email")
LONGEST_NAME = 64  # of a destination, by eBay
NOT_COVERED = "the consent does not cover it: starter.py connect with a wider one"
CHALLENGE_FAILED, NOT_AUTHORIZED = 195020, 195011
NEEDED_TOPICS = ("ORDER_CONFIRMATION", "AUTHORIZATION_REVOCATION", ACCOUNT_DELETION)  # others a consent need not cover
USER = "USER"
ENABLED = "ENABLED"
FAILURES = (EbayError, StoreError)  # of one seller: the others go on


@dataclass(frozen=True, slots=True)
class SetupRow:
    """One thing at eBay: the alert's address, a destination, a subscription."""

    what: str
    seller_id: str | None  # None: of the application
    name: str  # the topic, the address
    ok: bool
    found: str
    optional: bool = False  # a topic that few consents cover: not there, it is a warning

    @property
    def wrong(self) -> bool:
        """Whether it keeps notifications from coming."""
        return not (self.ok or self.optional)

    def fields(self) -> dict[str, Any]:
        """As `--json` gives it."""
        mark = "ok" if self.ok else "!" if self.optional else "x"
        return {"mark": mark, "what": self.what, "seller_id": self.seller_id, "name": self.name, "ok": self.ok, "found": self.found}


def topics_for(topics: dict[str, Topic], seller_id: str | None) -> list[Topic]:
    """The topics that are of use and that this keyset may be told of: a seller's (scope USER), or the application's."""
    return [
        topic
        for topic in topics.values()
        if topic.id in COMMERCE and topic.status == ENABLED and (topic.scope == USER) is (seller_id is not None)
    ]


class Arrangement:
    """`mend`: make what is missing, and put right what is wrong; else only look."""

    def __init__(self, api: NotificationApi, url: str, token: str, email: str, mend: bool) -> None:
        self.api, self.url, self.token, self.email, self.mend = api, url, token, email, mend
        self.there: dict[str, Destination] = {}
        self.topics: dict[str, Topic] = {}

    def rows(self, sellers: Sequence[str]) -> Iterator[SetupRow]:
        """The application's first, as everything else needs it; then each seller's. Raises EbayError: the application's own part fails."""
        yield self.config()
        self.there = {one.endpoint: one for one in self.api.destinations()}
        self.topics = self.api.topics()
        for seller_id in (None, *sellers):
            yield from self.of(seller_id)

    def config(self) -> SetupRow:
        """The address to which eBay writes when notifications fail."""
        email = self.api.alert_email()
        if email != self.email and self.mend:
            self.api.put_alert_email(self.email)
            return SetupRow("alert e-mail", None, self.email, True, "set")
        found = "as it should be" if email == self.email else "none: run notifications setup" if email is None else "another one"
        return SetupRow("alert e-mail", None, self.email, email == self.email, found)

    def of(self, seller_id: str | None) -> Iterator[SetupRow]:
        """A seller's destination and subscriptions, or with None the application's; a row each."""
        address = NotificationAddress(f"sellerbeat {seller_id or ''}".strip()[:LONGEST_NAME], self.endpoint(seller_id), self.token)
        destination = yield from self.destination(seller_id, address)
        try:
            known = {one.topic: one for one in self.api.subscriptions(seller_id)}
        except FAILURES as error:
            yield SetupRow("subscriptions", seller_id, "all", False, reason(error))
            return
        for topic in topics_for(self.topics, seller_id):
            yield self.subscription(seller_id, topic, known.get(topic.id), destination)

    def endpoint(self, seller_id: str | None) -> str:
        """Where eBay posts what concerns a seller; None: the application."""
        return f"{self.url}{PATH}/{seller_id}" if seller_id else self.url + PATH

    def destination(self, seller_id: str | None, address: NotificationAddress) -> Generator[SetupRow, None, str | None]:
        """Returns its id, None where there is none that works."""
        known = self.there.get(address.endpoint)
        found, ok = (known.status, known.status == ENABLED) if known else ("missing", False)
        if self.mend and not ok:
            found, ok = self.mended_destination(known, address)
            if ok and not known:
                self.there |= {one.endpoint: one for one in self.api.destinations()}
        yield SetupRow("destination", seller_id, address.endpoint, ok, found)
        there = self.there.get(address.endpoint)
        return there.id if ok and there else None

    def mended_destination(self, known: Destination | None, address: NotificationAddress) -> tuple[str, bool]:
        """Make or correct it; what was done, and whether it works now."""
        try:
            if known:
                self.api.update_destination(known.id, address)
            else:
                self.api.create_destination(address)
        except EbayError as error:
            return reason(error), False
        return f"enabled again: it was {known.status}" if known else "made", True

    def subscription(self, seller_id: str | None, topic: Topic, known: Subscription | None, destination: str | None) -> SetupRow:
        """One topic: as it should be, mended, or what is wrong."""
        right = known is not None and known.status == ENABLED and known.destination_id == destination
        if right:
            return SetupRow("subscription", seller_id, topic.id, True, ENABLED)
        wrong = "missing" if known is None else known.status if known.status != ENABLED else "goes elsewhere"
        if destination is None:
            return SetupRow("subscription", seller_id, topic.id, False, f"{wrong}: its destination comes first")
        if not self.mend:
            return SetupRow("subscription", seller_id, topic.id, False, wrong, known is None and topic.id not in NEEDED_TOPICS)
        try:
            if known is None:
                self.api.subscribe(seller_id, topic, destination)
            else:
                self.api.update_subscription(seller_id, known.id, topic, destination)
        except FAILURES as error:
            optional = topic.id not in NEEDED_TOPICS and reason(error) == NOT_COVERED
            return SetupRow("subscription", seller_id, topic.id, False, reason(error), optional)
        return SetupRow("subscription", seller_id, topic.id, True, "made" if known is None else f"put right: {wrong}")


def reason(error: Exception) -> str:
    """What to do, where it is known."""
    codes = error.codes if isinstance(error, EbayError) else ()
    if CHALLENGE_FAILED in codes:
        return "eBay's challenge was not answered there: does the world reach web.py, with this SELLERBEAT_NOTIFICATION_TOKEN?"
    if NOT_AUTHORIZED in codes or isinstance(error, AccessDeniedError):
        return NOT_COVERED
    if isinstance(error, DeadTokenError):
        return "eBay refuses the seller's token: starter.py connect with a new one"
    return str(error)


@contextmanager
def arrangement(context: CommandContext, mend: bool) -> Iterator[Arrangement]:
    """The comparison, ready to run: eBay's side and ours."""
    settings = context.settings
    assert settings.public_url  # CommandContext asked for them
    assert settings.notification_token
    assert settings.notification_email
    with context.oauth() as oauth:
        ebay = Ebay(settings.ebay_api_url, StoredTokens(context.store, oauth), oauth, oauth.exchange.http, settings.ebay_timeout)
        token = settings.notification_token.get_secret_value()
        yield Arrangement(NotificationApi(ebay), settings.public_url, token, settings.notification_email, mend)


def quiet(row: SetupRow) -> bool:
    """Whether who repairs need not hear of it: it is as it should be, and was."""
    return row.optional or (row.ok and row.found in ("as it should be", ENABLED))


async def arranged_for(context: CommandContext, author: str, seller_id: str, action: str) -> list[SetupRow]:
    """Have eBay tell of one seller. `action`: as the audit calls it.

    Raises:
        UnknownSellerError: not enrolled.
        NotConfiguredError: a setting is missing.
        EbayError: the application's own part fails.
    """
    if (await context.ask(context.store.seller, seller_id))["state"] == "removed":
        raise UnknownSellerError(seller_id, removed=True)
    context.require(NEEDED, "eBay cannot be told where to send notifications")
    async with audited(context, author, action, seller_id):
        return await context.call_out(arranged, context, seller_id, True, lambda row: None)


def enrolled_sellers(context: CommandContext, seller_id: str | None) -> list[str]:
    """This one, or everybody. Raises FailedError: the seller is not enrolled."""
    sellers = context.store.enrolled()
    if seller_id is not None and seller_id not in sellers:
        raise FailedError(f"seller {seller_id} is not enrolled")
    return sellers if seller_id is None else [seller_id]


def arranged(context: CommandContext, seller_id: str | None, mend: bool, row_done: Callable[[SetupRow], None]) -> list[SetupRow]:
    """Every row, told as it is known. `seller_id`: only this one, beside the application's own.

    Raises:
        FailedError: the seller is not enrolled.
    """
    sellers = enrolled_sellers(context, seller_id)
    rows: list[SetupRow] = []
    with arrangement(context, mend) as it:
        for row in it.rows(sellers):
            row_done(row)
            rows.append(row)
    return rows
