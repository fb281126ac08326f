"""XML as the Trading API gives it, built by hand."""

from collections.abc import Iterable
from xml.sax.saxutils import escape

NAMESPACE = 'xmlns="urn:ebay:apis:eBLBaseComponents"'
WHEN = "2024-10-20T07:17:49.123Z"


def item(
    item_id: str | None = "1101",
    *,
    quantity: str | None = "5",
    sold: str | None = "2",
    sku: str | None = "A-1",
    title: str = "A lamp",
    status: str | None = "Active",
    price: str = "9.99",
    more: str = "",
    variations: str = "",
) -> str:
    inner = f"<ItemID>{item_id}</ItemID>" if item_id is not None else ""
    inner += f"<Quantity>{quantity}</Quantity>" if quantity is not None else ""
    inner += f"<SellingStatus><CurrentPrice currencyID='USD'>{price}</CurrentPrice>"
    inner += f"<QuantitySold>{sold}</QuantitySold>" if sold is not None else ""
    inner += f"<ListingStatus>{status}</ListingStatus></SellingStatus>" if status else "</SellingStatus>"
    inner += f"<SKU>{escape(sku)}</SKU>" if sku is not None else ""
    return f"<Item>{inner}<Title>{escape(title)}</Title>{more}{variations}</Item>"


def variation(sku: str = "A-1-M", size: str = "M", *, quantity: str | None = "3", sold: str | None = "1", price: str = "9.99") -> str:
    specifics = f"<NameValueList><Name>Size</Name><Value>{size}</Value></NameValueList>"
    return (
        f"<Variation><SKU>{sku}</SKU><StartPrice currencyID='USD'>{price}</StartPrice><Quantity>{quantity}</Quantity>"
        f"<VariationSpecifics>{specifics}</VariationSpecifics><SellingStatus><QuantitySold>{sold}</QuantitySold></SellingStatus></Variation>"
    )


def variations(*those: str) -> str:
    return f"<Variations>{''.join(those)}<VariationSpecificsSet><NameValueList/></VariationSpecificsSet></Variations>"


def response(call: str, content: str = "", ack: str = "Success") -> str:
    head = f"<Timestamp>{WHEN}</Timestamp><Ack>{ack}</Ack><Version>1349</Version><Build>E1349</Build>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{call}Response {NAMESPACE}>{head}{content}</{call}Response>'


def events(*items: str, more: str | None = None) -> str:
    has_more = "" if more is None else f"<HasMoreItems>{more}</HasMoreItems>"
    return response("GetSellerEvents", f"<TimeTo>{WHEN}</TimeTo><ItemArray>{''.join(items)}</ItemArray>{has_more}")


def selling(*items: str, pages: int | str = 1, total: int | str = 1) -> str:
    result = f"<TotalNumberOfPages>{pages}</TotalNumberOfPages><TotalNumberOfEntries>{total}</TotalNumberOfEntries>"
    return response(
        "GetMyeBaySelling",
        f"<ActiveList><ItemArray>{''.join(items)}</ItemArray><PaginationResult>{result}</PaginationResult></ActiveList>",
    )


def failure(call: str, *codes: int | str, kind: str = "RequestError", severity: str = "Error") -> str:
    errors = "".join(
        f"<Errors><ShortMessage>a name</ShortMessage><LongMessage>a name</LongMessage><ErrorCode>{code}</ErrorCode>"
        f"<SeverityCode>{severity}</SeverityCode><ErrorClassification>{kind}</ErrorClassification></Errors>"
        for code in codes
    )
    return response(call, errors, ack="Failure")


def report(rows: Iterable[str]) -> Iterable[str]:
    """The daily report of active listings, in pieces."""
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<BulkDataExchangeResponses {NAMESPACE}><ActiveInventoryReport><Ack>Success</Ack>\n'
    yield from rows
    yield "</ActiveInventoryReport></BulkDataExchangeResponses>"


def row(
    item_id: str | None = "1101", *, sku: str | None = "A-1", quantity: str | None = "3", price: str = "9.99", variations: str = ""
) -> str:
    inner = f"<SKU>{escape(sku)}</SKU>" if sku is not None else ""
    inner += f"<Price currencyID='USD'>{price}</Price>"
    inner += f"<Quantity>{quantity}</Quantity>" if quantity is not None else ""
    inner += f"<ItemID>{item_id}</ItemID>" if item_id is not None else ""
    return f"<SKUDetails>\n  {inner}{variations}\n</SKUDetails>\n"


def reported(sku: str = "A-1-M", size: str = "M", *, quantity: str | None = "2", price: str = "9.99") -> str:
    specifics = f"<VariationSpecifics><NameValueList><Name>Size</Name><Value>{size}</Value></NameValueList></VariationSpecifics>"
    return f"<Variation><SKU>{sku}</SKU><Price currencyID='USD'>{price}</Price><Quantity>{quantity}</Quantity>{specifics}</Variation>"
