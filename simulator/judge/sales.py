"""Whether `inventory.sold` has the sales that eBay's orders show: each line item of a seller once, as some version of its order has it.

The sale of each line is recorded, but for orders older than the seller's enrolment (their `order.created` says `backfill`), and once,
whatever order shows it: where an unpaid order's id changes, its lines come in another. Pure; the judge's own reading of a line, not the
product's.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from simulator.judge.normal import normal
from simulator.state.listings import ENTITY

SOLD, CREATED = "inventory.sold", "order.created"
FIELDS = frozenset({"orderId", "lineItemId", "sku", "legacyItemId", "quantity", "soldAt"})
Row = Mapping[str, Any]
Order = tuple[str, str]  # seller, order id
# An entity of the inventory -> whether its row stands, and its last version; 0: it never had one.
Stands = Callable[[str], tuple[bool, int]]


class OrderLine(NamedTuple):
    """What a version of an order says of one of its lines."""

    sku: str | None
    item_id: str | None
    quantity: int | None
    sold_at: datetime | None  # None: eBay's creation date is none, and the product may take any


class Sales:
    """The lines of the ledger's orders, held against the sales that the product recorded."""

    def __init__(self) -> None:
        self.shown: dict[Order, dict[str, set[OrderLine]]] = {}  # by line item id, whatever version showed it
        self.due: dict[Order, dict[str, OrderLine]] = {}  # as it was at the deadline
        self.sources: dict[Order, str] = {}  # of `order.created`
        self.recorded: set[tuple[str, str]] = set()  # seller, line item id
        self.past: list[tuple[Order, str]] = []  # recorded ones, and in which words

    def noting(self, rows: Iterable[Row], deadline: datetime) -> Iterator[Row]:
        """The ledger's rows as they are; orders are remembered."""
        for row in rows:
            if row["kind"] == "order":
                order = row["seller"], row["entity_id"]
                there = _lines(row["document"])
                shown = self.shown.setdefault(order, {})
                for line_id, line in there.items():
                    shown.setdefault(line_id, set()).add(line)
                if datetime.fromisoformat(row["visible_at"]) <= deadline:
                    gone = row["removed"] or row["document"].get("orderId") != row["entity_id"]
                    self.due[order] = {} if gone else there
            yield row

    def check(self, seller: str, event: Row, words: str, stands: Stands) -> tuple[str, str] | None:
        """One `inventory.sold`: "twice" or "wrong", and why; None where it is right as far as can be said by now."""
        data = event["data"]
        if not isinstance(data, dict) or data.keys() != FIELDS:
            return "wrong", "its data has other fields than a sale has"
        line_id, order = data["lineItemId"], (seller, str(data["orderId"]))
        if (seller, str(line_id)) in self.recorded:
            return "twice", f"the sale of line {line_id} was recorded before"
        self.recorded.add((seller, str(line_id)))
        self.past.append((order, words))
        if event["changed"] or event["previous"]:
            return "wrong", "a sale changes nothing, but it names fields as changed"
        if order not in self.shown or line_id not in self.shown[order]:
            return "wrong", f"eBay never showed line {line_id} in order {order[1]}"
        if not any(_says(data, line) for line in self.shown[order][line_id]):
            return "wrong", f"eBay never showed line {line_id} of order {order[1]} like this"
        if _moment(event["occurred_at"]) != _moment(data["soldAt"]):
            return "wrong", f"it occurred at {event['occurred_at']}, but was sold at {data['soldAt']}"
        return _placed(event, data["sku"], data["legacyItemId"], stands)

    def from_before(self) -> Iterator[str]:
        """Sales recorded of orders that are older than the enrolment. An order whose date is none may be taken for either."""
        for order, words in self.past:
            dated = all(line.sold_at for lines in self.shown.get(order, {}).values() for line in lines)
            if dated and self.sources.get(order) == "backfill":
                yield f"{words}: its order is from before the enrolment"

    def lost(self, excused: Collection[tuple[str, str]]) -> Iterator[str]:
        """Lines of recorded orders that were never recorded as sold. `excused`: by the ledger's seller and line item id."""
        before = {(order[0], one) for order, source in self.sources.items() if source == "backfill" for one in self.shown.get(order, ())}
        for order in self.sources:
            for line_id, line in self.due.get(order, {}).items():
                sale = order[0], line_id
                if (line.sku or line.item_id) and sale not in self.recorded and sale not in before and sale not in excused:
                    self.recorded.add(sale)  # which another order may show too: it is lost once
                    yield f"inventory {order[0]}: the sale of line {line_id} of order {order[1]} was never recorded"


def _lines(document: Any) -> dict[str, OrderLine]:
    """The lines with a usable id: a string, or a whole number taken as text."""
    rows = document.get("lineItems") if isinstance(document, dict) else None
    found = {}
    for row in rows if isinstance(rows, list) else ():
        line_id = row.get("lineItemId") if isinstance(row, dict) else None
        line_id = str(line_id) if type(line_id) is int else line_id
        if isinstance(line_id, str) and line_id:
            count = row.get("quantity")
            quantity = count if type(count) is int and count > 0 else None
            found[line_id] = OrderLine(
                _text(row.get("sku")), _text(row.get("legacyItemId")), quantity, _moment(document.get("creationDate"))
            )
    return found


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None


def _says(data: Row, line: OrderLine) -> bool:
    sold_at = _moment(data["soldAt"])
    return (
        _same(data["sku"], line.sku)
        and _same(data["legacyItemId"], line.item_id)
        and type(data["quantity"]) is type(line.quantity)
        and data["quantity"] == line.quantity
        and sold_at is not None
        and line.sold_at in (None, sold_at)
    )


def _same(recorded: Any, shown: str | None) -> bool:
    return recorded == shown or (shown is not None and recorded == normal(shown))  # what Postgres cannot hold is text


def _placed(event: Row, sku: str | None, item_id: str | None, stands: Stands) -> tuple[str, str] | None:
    """Of the SKU if its row stands, else of the listing; the version is that of the row."""
    listing = None if item_id is None else ENTITY + item_id
    due = sku if sku is not None and (stands(sku)[0] or listing is None) else listing
    if due is None:
        return "wrong", "a line without SKU and item is no sale"
    if event["entity_id"] != due:
        return "wrong", f"it is a sale of {due}"
    there, version = stands(due)
    if event["version"] != version and (there or event["version"]):
        return "wrong", f"version {version} was due"
    return None
