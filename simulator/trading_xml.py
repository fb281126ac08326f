"""Trading's XML: the envelope, errors, and a listing as each call shows it. Pure.

What a listing's document lacks is no element; what stands in it stands in the element, odd or not.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from simulator.answers import Answer, ApiError
from simulator.ledger import Document
from simulator.times import iso

NAMESPACE = "urn:ebay:apis:eBLBaseComponents"
Dates = tuple[int, int]  # start and end of a listing, in ms
HEADERS = {"Content-Type": "text/xml;charset=utf-8"}
VERSION = "<Version>1423</Version><Build>E1423_CORE_API_19320561_R1</Build>"
UNSAYABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # XML has no way to write these


class TradingError(ApiError):
    """What goes wrong in Trading comes with HTTP 200."""

    def __init__(
        self, call: str, now_ms: int, code: int, short: str, long: str = "", kind: str = "RequestError", **parameters: str
    ) -> None:
        Exception.__init__(self, f"{call}/{code}")
        more = "".join(
            f'<ErrorParameters ParamID="{k}">{tag("Value", value)}</ErrorParameters>' for k, value in enumerate(parameters.values())
        )
        error = f"{tag('ShortMessage', short)}{tag('LongMessage', long or short)}{tag('ErrorCode', code)}<SeverityCode>Error</SeverityCode>"
        self.error: dict[str, Any] = {"errorId": code}
        self.answer = answered(
            call, now_ms, f"<Errors>{error}{more}<ErrorClassification>{kind}</ErrorClassification></Errors>", ack="Failure"
        )


def internal_error(call: str, now_ms: int) -> TradingError:
    """10007, which may pass."""
    return TradingError(call, now_ms, 10007, "Internal error to the application.", kind="SystemError")


def limit_reached(call: str, now_ms: int) -> TradingError:
    """518: the day's calls are spent."""
    return TradingError(
        call,
        now_ms,
        518,
        "Call usage limit has been reached.",
        "Your application has exceeded usage limit on this call, please make call to Developer Analytics API to check your call usage.",
    )


def invalid_input(call: str, now_ms: int, name: str) -> TradingError:
    """37, about the tag of that name."""
    long = f"Input data for tag <{name}> is invalid or missing. Please check API documentation."
    return TradingError(call, now_ms, 37, "Input data is invalid.", long, name=name)


def answered(call: str, now_ms: int, inside: str, ack: str = "Success") -> Answer:
    """The envelope around it."""
    name = f"{call or 'eBay'}Response"
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<{name} xmlns="{NAMESPACE}"><Timestamp>{iso(now_ms)}</Timestamp><Ack>{ack}</Ack>'
    return Answer(200, f"{head}{VERSION if ack == 'Success' else ''}{inside}{VERSION if ack != 'Success' else ''}</{name}>", dict(HEADERS))


def tag(name: str, value: object) -> str:
    """An element; what XML cannot write is left out."""
    return f"<{name}>{escape(UNSAYABLE.sub('', str(value)))}</{name}>"


def given(name: str, row: Mapping[str, Any], field: str) -> str:
    """An element, where the document has the field."""
    return tag(name, row[field]) if row.get(field) is not None else ""


def amount(name: str, row: Mapping[str, Any]) -> str:
    """A price with its currency, where there is one."""
    price = row.get("price")
    if not isinstance(price, Mapping):
        return ""
    return f'<{name} currencyID="{escape(str(price.get("currency", "")))}">{escape(str(price.get("value", "")))}</{name}>'


def full_item(document: Document, dates: Dates, site: str, specifics: bool = True, variations: bool = True) -> str:
    """As GetItem shows it, and GetSellerEvents with DetailLevel ReturnAll."""
    url = f"https://www.ebay.com/itm/{document['itemId']}"
    return (
        f"<Item><AutoPay>true</AutoPay><Country>US</Country>{_currency(document)}{_head(document)}{_dates(dates)}"
        f"<ListingDuration>GTC</ListingDuration><ListingType>FixedPriceItem</ListingType>"
        f"<PrimaryCategory><CategoryID>19617</CategoryID></PrimaryCategory>{given('Quantity', document, 'quantity')}"
        f"{_selling_status(document)}<ShippingDetails><ShippingType>Flat</ShippingType></ShippingDetails>{tag('Site', site)}"
        f"{amount('StartPrice', document)}<TimeLeft>P12DT3H</TimeLeft>{_named(document)}"
        f"{_variations(document, specifics) if variations else ''}{tag('ViewItemURL', url)}</Item>"
    )


def event_item(document: Document, dates: Dates, site: str, specifics: bool, variations: bool) -> str:
    """As GetSellerEvents shows it: no StartPrice; specifics of a variation only where it has no SKU, unless they are asked for."""
    return (
        f"<Item>{_currency(document)}{_head(document)}{_dates(dates)}{given('Quantity', document, 'quantity')}"
        f"{_selling_status(document)}{tag('Site', site)}{_named(document)}{_variations(document, specifics) if variations else ''}</Item>"
    )


def selling_item(document: Document, dates: Dates, variations: bool) -> str:
    """As GetMyeBaySelling's ActiveList shows it: neither status nor what a listing sold, but what is available."""
    return (
        f"<Item>{amount('BuyItNowPrice', document)}{_head(document)}"
        f"<ListingDetails>{tag('StartTime', iso(dates[0]))}</ListingDetails><ListingType>FixedPriceItem</ListingType>"
        f"{given('Quantity', document, 'quantity')}<SellingStatus>{amount('CurrentPrice', document)}</SellingStatus>"
        f"<TimeLeft>P12DT3H</TimeLeft>{_named(document)}<WatchCount>{dates[0] // 1000 % 7}</WatchCount>"
        f"{given('QuantityAvailable', document, 'available')}{_variations(document, True) if variations else ''}</Item>"
    )


def report_row(document: Document) -> str:
    """As the active inventory report shows it: with variations, price and quantity are theirs alone, and its own SKU is blank.

    Quantity is what is available, other than in Trading. There is no title.
    """
    rows = document.get("variations")
    if not rows:
        price, count = amount("Price", document), given("Quantity", document, "available")
        return f"<SKUDetails>{given('SKU', document, 'sku')}{price}{count}{given('ItemID', document, 'itemId')}</SKUDetails>"
    inner = "".join(
        f"<Variation>{given('SKU', row, 'sku')}{amount('Price', row)}{given('Quantity', row, 'available')}{_specifics(row)}</Variation>"
        for row in rows
    )
    return f"<SKUDetails><SKU></SKU>{given('ItemID', document, 'itemId')}<Variations>{inner}</Variations></SKUDetails>"


def _head(document: Document) -> str:
    return given("ItemID", document, "itemId")


def _named(document: Document) -> str:
    return given("Title", document, "title") + given("SKU", document, "sku")


def _currency(document: Document) -> str:
    price = document.get("price")
    return tag("Currency", price["currency"]) if isinstance(price, Mapping) else ""


def _dates(dates: Dates) -> str:
    return f"<ListingDetails>{tag('StartTime', iso(dates[0]))}{tag('EndTime', iso(dates[1]))}</ListingDetails>"


def _selling_status(document: Document) -> str:
    return (
        f"<SellingStatus><BidCount>0</BidCount>{amount('CurrentPrice', document)}{given('QuantitySold', document, 'quantitySold')}"
        f"{given('ListingStatus', document, 'status')}<QuantitySoldByPickupInStore>0</QuantitySoldByPickupInStore></SellingStatus>"
    )


def _variations(document: Document, specifics: bool) -> str:
    rows: Iterable[Document] = document.get("variations") or ()
    inner = "".join(
        f"<Variation>{given('SKU', row, 'sku')}{amount('StartPrice', row)}{given('Quantity', row, 'quantity')}"
        f"{_specifics(row) if specifics or not row.get('sku') else ''}"
        f"<SellingStatus>{given('QuantitySold', row, 'quantitySold')}"
        f"<QuantitySoldByPickupInStore>0</QuantitySoldByPickupInStore></SellingStatus></Variation>"
        for row in rows
    )
    return f"<Variations>{inner}</Variations>" if inner else ""


def _specifics(row: Document) -> str:
    pairs = "".join(
        f"<NameValueList>{tag('Name', name)}{tag('Value', value)}</NameValueList>" for name, value in row.get("specifics", {}).items()
    )
    return f"<VariationSpecifics>{pairs}</VariationSpecifics>" if pairs else ""
