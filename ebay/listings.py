"""Listings as documents: one shape for what the Trading API's XML and the daily report tell of a listing.

    {"itemId": "1101", "sku": "A-1", "title": "...", "status": "Active", "available": 3, "quantity": 5, "quantitySold": 2,
     "price": {"value": "9.99", "currency": "USD"},
     "variations": [{"sku": "A-1-M", "specifics": {"Size": "M"}, "available": 3, "quantity": 5, "quantitySold": 2, "price": {...}}]}

What eBay did not send is absent, `variations` where there are none. Counts are ints; a `quantity` or `quantitySold` that is no whole number
stays the text that came, and `available`, which is the difference of both, is absent then: eBay's calls agree on the former alone.
Amounts are decimal text.
"""

import re
from typing import Any

from ebay.documents import Document
from ebay.xml import Node

WHOLE = re.compile(r"(-?[0-9]{1,18})(?:\.0{1,9})?")
PRICES = (("SellingStatus", "CurrentPrice"), ("StartPrice",), ("BuyItNowPrice",))


def listing(item: Node, *, active: bool = False) -> Document | None:
    """An `Item` of GetItem, GetSellerEvents or GetMyeBaySelling; None without an ItemID.

    Args:
        active: the item stands in the list of active ones, which gives no status of its own.
    """
    item_id = item.value("ItemID")
    if item_id is None:
        return None
    status = item.value("SellingStatus", "ListingStatus") or ("Active" if active else None)
    found: Document = {"itemId": item_id.strip()}
    found |= _given(sku=item.value("SKU"), title=item.value("Title"), status=status and status.strip())
    found |= _counts(item) | _given(price=_price(item))
    variations = [_variation(one) for group in item.every("Variations") for one in group.every("Variation")]
    return found | _given(variations=variations or None)


def report_row(row: Node) -> Document | None:
    """A `SKUDetails` of the report of active listings, a part of a listing; None without an ItemID.

    Its `Quantity` is what is available (eBay docs: ActiveInventoryReport). A listing with variations may have none of its own: then it is
    their sum.
    """
    item_id = row.value("ItemID")
    if item_id is None:
        return None
    variations = [_reported(one) for group in row.every("Variations") for one in group.every("Variation")]
    found: Document = {"itemId": item_id.strip()} | _reported(row) | _given(variations=variations or None)
    counts = [one.get("available") for one in variations]
    if counts and "available" not in found and all(type(count) is int for count in counts):
        found["available"] = sum(counts)
    return found


def _variation(one: Node) -> Document:
    return _given(sku=one.value("SKU"), specifics=_specifics(one)) | _counts(one) | _given(price=_price(one))


def _reported(row: Node) -> Document:
    found = _given(sku=row.value("SKU"), specifics=_specifics(row), available=_whole(row.value("Quantity")))
    return found | _given(price=_amount(row.at("Price")))


def _counts(item: Node) -> Document:
    """eBay's Quantity counts what was sold too; of the three counts any two give the third."""
    quantity = _count(item.value("Quantity"))
    sold = _count(item.value("SellingStatus", "QuantitySold"))
    available = _whole(item.value("QuantityAvailable"))
    if type(quantity) is int and type(sold) is int:
        available = quantity - sold
    elif type(quantity) is int and type(available) is int and sold is None and available <= quantity:
        sold = quantity - available
    return _given(available=available, quantity=quantity, quantitySold=sold)


def _count(text: str | None) -> int | str | None:
    if text is None:
        return None
    whole = WHOLE.fullmatch(text.strip())
    return int(whole[1]) if whole else text.strip()


def _whole(text: str | None) -> int | None:
    count = _count(text)
    return count if type(count) is int else None


def _price(item: Node) -> Document | None:
    return next((price for path in PRICES if (price := _amount(item.at(*path)))), None)


def _amount(node: Node | None) -> Document | None:
    if node is None or not node.text.strip():
        return None
    return {"value": node.text.strip(), **_given(currency=node.attributes.get("currencyID"))}


def _specifics(variation: Node) -> Document | None:
    """What tells a variation from the others: name and value; a list where a name has several."""
    found: dict[str, list[str]] = {}
    for group in variation.every("VariationSpecifics"):
        for pair in group.every("NameValueList"):
            name = pair.value("Name")
            if name is not None:
                found.setdefault(name, []).extend(value.text for value in pair.every("Value"))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items() if values} or None


def _given(**fields: Any) -> Document:
    return {name: value for name, value in fields.items() if value is not None}
