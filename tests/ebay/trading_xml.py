"""XML as the Trading API gives it, built by hand."""

from collections.abc import Iterable
from xml.sax.saxutils import escape

NAMESPACE = 'xmlns="urn:ebay:apis:eBLBaseComponents"'
WHEN = "2024-10-20T07:17:49.123Z"


def item(item_id="1101", *, quantity="5", sold="2", sku="A-1", title="A lamp", status="Active", price="9.99", more="", variations=""):
    inner = f"<ItemID>{item_id}</ItemID>" if item_id is not None else ""
    inner += f"<Quantity>{quantity}</Quantity>" if quantity is not None else ""
    inner += f"<SellingStatus><CurrentPrice currencyID='USD'>{price}</CurrentPrice>"
    inner += f"<QuantitySold>{sold}</QuantitySold>" if sold is not None else ""
    inner += f"<ListingStatus>{status}</ListingStatus></SellingStatus>" if status else "</SellingStatus>"
    inner += f"<SKU>{escape(sku)}</SKU>" if sku is not None else ""
    return f"<Item>{inner}<Title>{escape(title)}</Title>{more}{variations}</Item>"


def variation(sku="A-1-M", size="M", *, quantity="3", sold="1", price="9.99"):
    specifics = f"<NameValueList><Name>Size</Name><Value>{size}</Value></NameValueList>"
    return (
        f"<Variation><SKU>{sku}</SKU><StartPrice currencyID='USD'>{price}</StartPrice><Quantity>{quantity}</Quantity>"
        f"<VariationSpecifics>{specifics}</VariationSpecifics><SellingStatus><QuantitySold>{sold}</QuantitySold></SellingStatus></Variation>"
    )


def variations(*those):
    return f"<Variations>{''.join(those)}<VariationSpecificsSet><NameValueList/></VariationSpecificsSet></Variations>"


def response(call, content="", ack="Success"):
    head = f"<Timestamp>{WHEN}</Timestamp><Ack>{ack}</Ack><Version>1349</Version><Build>E1349</Build>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{call}Response {NAMESPACE}>{head}{content}</{call}Response>'


def events(*items, more=None):
    told = "" if more is None else f"<HasMoreItems>{more}</HasMoreItems>"
    return response("GetSellerEvents", f"<TimeTo>{WHEN}</TimeTo><ItemArray>{''.join(items)}</ItemArray>{told}")


def selling(*items, pages=1, total=1):
    result = f"<TotalNumberOfPages>{pages}</TotalNumberOfPages><TotalNumberOfEntries>{total}</TotalNumberOfEntries>"
    return response(
        "GetMyeBaySelling",
        f"<ActiveList><ItemArray>{''.join(items)}</ItemArray><PaginationResult>{result}</PaginationResult></ActiveList>",
    )


def failure(call, *codes, kind="RequestError", severity="Error"):
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


def row(item_id="1101", *, sku="A-1", quantity="3", price="9.99", variations=""):
    inner = f"<SKU>{escape(sku)}</SKU>" if sku is not None else ""
    inner += f"<Price currencyID='USD'>{price}</Price>"
    inner += f"<Quantity>{quantity}</Quantity>" if quantity is not None else ""
    inner += f"<ItemID>{item_id}</ItemID>" if item_id is not None else ""
    return f"<SKUDetails>\n  {inner}{variations}\n</SKUDetails>\n"


def reported(sku="A-1-M", size="M", *, quantity="2", price="9.99"):
    specifics = f"<VariationSpecifics><NameValueList><Name>Size</Name><Value>{size}</Value></NameValueList></VariationSpecifics>"
    return f"<Variation><SKU>{sku}</SKU><Price currencyID='USD'>{price}</Price><Quantity>{quantity}</Quantity>{specifics}</Variation>"
