"""The Trading API: XML, and the only sight of listings that the Inventory API does not know (made in Seller Hub or by other tools).

eBay gives all its applications 5,000 of these calls a day by default, so each method is one call. The marketplace is SITEID 0: a seller's
listings on all sites come, whatever the site asked.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from xml.sax.saxutils import escape

from domain.changes.dates import read_time
from ebay.answers import refusal
from ebay.calls import TRADING, SellerCalls
from ebay.clock import retry_after, stamp
from ebay.connection import token_bytes
from ebay.documents import Document
from ebay.errors import BadAnswerError, EbayError, EbayUnavailableError, NotFoundError, QuotaSpentError, RejectedError
from ebay.http import Answer
from ebay.listings import listing
from ebay.xml import Node, legible, pieces, records

PATH = "/ws/api.dll"
LEVEL = b"1349"  # the version of the schema that this client was written for
PAGE = 200
MOST_EVENTS = 2_000  # from here on an answer may be cut short: eBay gives 3,000 for a window, with all details perhaps fewer, and no pages
LONGEST_WINDOW = timedelta(hours=48)

CALLS_SPENT = {518, 21919144}  # of the application a day; of the seller within seconds
NO_ITEM = {17}  # deleted, or never the seller's
INTERNAL = {2, 10007, 16100}
HEAD = ("Ack", "Errors", "Timestamp", "HasMoreItems", "PaginationResult")
NEEDED = ("ItemID", "SKU", "Title", "Quantity", "QuantityAvailable", "StartPrice", "SellingStatus", "Variations.Variation")


@dataclass(frozen=True, slots=True)
class SellerEvents:
    """What was modified in a window."""

    listings: list[Document] = field(repr=False)  # as `ebay/listings.py` shapes them; an item may come twice
    without_id: list[str] = field(repr=False)  # items without an ItemID, as XML: to be set aside
    date: datetime  # eBay's clock when it answered
    complete: bool  # False: there was more than one answer holds; a smaller window must be asked for


@dataclass(frozen=True, slots=True)
class SellingPage:
    """A page of the active listings."""

    listings: list[Document] = field(repr=False)
    without_id: list[str] = field(repr=False)
    pages: int
    total: int
    date: datetime


@dataclass(frozen=True, slots=True)
class TradingUser:
    """The user whose token it is."""

    name: str | None = field(repr=False)  # UserID, which is the user's name in spite of its own; it may change
    eias: str | None = field(repr=False)  # EIASToken: never changes (eBay docs: UserType)


@dataclass(slots=True)
class _Reply:
    date: datetime
    stamp: datetime | None = None  # eBay's own time in the answer
    listings: list[Document] = field(default_factory=list)
    without_id: list[str] = field(default_factory=list)
    more: bool = False
    pages: tuple[int, int] | None = None  # pages, entries
    user: Node | None = None


class TradingCalls(SellerCalls):
    """Besides what `ebay/errors.py` says: a used-up call limit (error 518) is a `QuotaSpentError`, and a token that these calls refuse
    (931, 932, 21916984, 21917053) is renewed once, like at a 401. `Ack` Warning is a success.
    """

    __slots__ = ()

    def seller_events(self, since: datetime, until: datetime) -> SellerEvents:
        """GetSellerEvents: the state of each listing modified from `since` to `until`, at most 48 hours apart, `until` behind eBay's clock.

        A listing that is modified again leaves the older window, so windows must reach up to now, with some overlap (eBay says 2 minutes).
        """
        if not timedelta() <= until - since <= LONGEST_WINDOW:
            raise ValueError("a window of at most 48 hours")
        selected = "".join(f"<OutputSelector>ItemArray.Item.{name}</OutputSelector>" for name in NEEDED)
        reply = self._trading(
            "GetSellerEvents",
            f"<DetailLevel>ReturnAll</DetailLevel>{selected}<OutputSelector>HasMoreItems</OutputSelector>"
            f"<ModTimeFrom>{stamp(since)}</ModTimeFrom><ModTimeTo>{stamp(until)}</ModTimeTo>"
            "<IncludeVariationSpecifics>true</IncludeVariationSpecifics><HideVariations>false</HideVariations>",
        )
        complete = not reply.more and len(reply.listings) + len(reply.without_id) < MOST_EVENTS
        return SellerEvents(reply.listings, reply.without_id, reply.date, complete)

    def listing(self, item_id: str) -> Document | None:
        """GetItem; None: eBay knows no such listing of this seller any more. (One that ended is known for 90 days.)"""
        try:
            reply = self._trading("GetItem", f"<ItemID>{escape(legible(item_id))}</ItemID>")
        except NotFoundError as error:
            if NO_ITEM & set(error.codes):
                return None
            raise
        if len(reply.listings) != 1 or reply.listings[0]["itemId"] != item_id:
            raise BadAnswerError("eBay's answer is not the listing asked for", status=200)
        return reply.listings[0]

    def selling_page(self, page: int, rows: int = PAGE) -> SellingPage:
        """GetMyeBaySelling: active listings, 200 a page at most, the first page is 1. A page after the last one is empty."""
        reply = self._trading(
            "GetMyeBaySelling",
            "<ActiveList><Include>true</Include><Sort>StartTime</Sort>"
            f"<Pagination><EntriesPerPage>{rows}</EntriesPerPage><PageNumber>{page}</PageNumber></Pagination></ActiveList>"
            "<HideVariations>false</HideVariations>",
        )
        if reply.pages is None and (reply.listings or reply.without_id):
            raise BadAnswerError("eBay's answer has listings but no count of them", status=200)
        pages, total = reply.pages or (0, 0)  # a seller without active listings gets no list at all
        return SellingPage(reply.listings, reply.without_id, pages, total, reply.date)

    def user(self) -> TradingUser:
        """GetUser without a UserID: the user who is asking. Any user's token may (eBay docs: GetUser)."""
        user = self._trading("GetUser", "").user
        name, eias = ((user.value(one) or "").strip() if user else "" for one in ("UserID", "EIASToken"))
        if not name and not eias:
            raise BadAnswerError("eBay's answer does not say whose account it is", status=200)
        return TradingUser(name or None, eias or None)

    def _trading(self, call: str, content: str) -> _Reply:
        name = call.encode("ascii")
        body = f'<?xml version="1.0" encoding="utf-8"?><{call}Request xmlns="urn:ebay:apis:eBLBaseComponents">{content}</{call}Request>'

        def ask(token: str) -> Answer:
            headers = [
                (b"X-EBAY-API-IAF-TOKEN", token_bytes(token)),
                (b"X-EBAY-API-CALL-NAME", name),
                (b"X-EBAY-API-COMPATIBILITY-LEVEL", LEVEL),
                (b"X-EBAY-API-SITEID", b"0"),
                (b"Content-Type", b"text/xml; charset=utf-8"),
            ]
            return self.ebay.send_xml(PATH, headers, body.encode())

        reply = self.authorized(TRADING, ask, lambda answer: _reply(answer, self.now(), active=call == "GetMyeBaySelling"))
        if reply.stamp is not None:
            reply.date = self._dated(reply.stamp)
        return reply

    def _dated(self, stamp: datetime) -> datetime:
        """eBay's time by an answer's Timestamp, which has milliseconds and a Date has not: the later one, where both are right."""
        date, sure, dated = self.date, self.sure, self.dated
        self._heard(stamp)
        if date and sure and (self.date is None or not self.dated or (dated and sure > stamp)):
            self.date, self.sure, self.dated = date, sure, dated
        return self.now()


def _reply(answer: Answer, now: datetime, active: bool) -> _Reply:
    """eBay's answer, read to its end.

    Raises:
        EbayError: what `Ack` and `Errors` say; by the HTTP status where there are none.
    """
    reply = _Reply(now)
    errors: list[Node] = []
    ack = ""
    try:
        for node in records(pieces(answer.body), ("Item", "User", *HEAD)):
            match node.name:
                case "Item" if not active or "ActiveList" in node.parents:
                    _take(node, reply, active)
                case "User" if not node.parents[1:]:  # not one of those that an answer mentions within
                    reply.user = node
                case "Ack":
                    ack = node.text.strip()
                case "Errors":
                    errors.append(node)
                case "Timestamp":
                    reply.stamp = read_time(node.text.strip())
                case "HasMoreItems":
                    reply.more = node.text.strip().lower() in ("true", "1")
                case "PaginationResult":
                    reply.pages = _pages(node)
    except BadAnswerError:
        if answer.status == 200:
            raise
    if ack in ("Success", "Warning") and answer.status == 200:
        return reply
    raise _failure(answer, errors, ack, now)


def _take(item: Node, reply: _Reply, active: bool) -> None:
    document = listing(item, active=active)
    if document is None:
        reply.without_id.append(item.raw())
    else:
        reply.listings.append(document)


def _pages(node: Node) -> tuple[int, int]:
    counts = [node.value(name) or "" for name in ("TotalNumberOfPages", "TotalNumberOfEntries")]
    if not all(count.strip().isdecimal() and len(count) < 12 for count in counts):
        raise BadAnswerError("eBay's answer has no usable count of pages", status=200)
    return int(counts[0]), int(counts[1])


def _failure(answer: Answer, errors: list[Node], ack: str, now: datetime) -> EbayError:
    """The error that an answer other than a success is. Of its words only codes are told."""
    serious = [error for error in errors if (error.value("SeverityCode") or "").strip() != "Warning"]
    codes = tuple(int(code) for error in serious if (code := (error.value("ErrorCode") or "").strip()).isdecimal() and len(code) < 10)[:5]
    status, found = answer.status, set(codes)
    if status == 429 or found & CALLS_SPENT:
        wait = retry_after(answer.retry_after, now)
        return QuotaSpentError("eBay's quota of Trading calls is spent", retry_after_s=wait, status=status, codes=codes)
    if not codes and status != 200:
        return refusal(answer, now)
    if not ack and not codes:
        return BadAnswerError("eBay's answer is none of its Trading API", status=status)
    if found & NO_ITEM:
        return NotFoundError("eBay does not know it", status=status, codes=codes)
    system = any((error.value("ErrorClassification") or "").strip() == "SystemError" for error in serious)
    if system or found & INTERNAL or status >= 500:
        return EbayUnavailableError("eBay failed", status=status, codes=codes, narrower=True)
    return RejectedError("eBay rejected the request", status=status, codes=codes)
