"""Calls of the Trading API: documented requests, whole answers or errors, one renewed token, one count a call."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import pytest

from ebay.client import SellerApi
from ebay.errors import BadAnswerError, EbayError, EbayUnavailableError, NotFoundError, QuotaSpentError, RejectedError
from tests.ebay.trading_xml import events, failure, item, response, selling, variation, variations
from tests.ebay.wire import Request, Tokens, Wire, answer, client
from tests.support.present import present

SINCE = datetime(2026, 6, 18, 13, 27, 24, 987_654, tzinfo=UTC)
UNTIL = SINCE + timedelta(hours=48)
WHEN = datetime(2024, 10, 20, 7, 17, 49, 123_000, tzinfo=UTC)
SELECTED = "ItemID SKU Title Quantity QuantityAvailable StartPrice SellingStatus Variations.Variation"
CALLS = {
    "GetSellerEvents": lambda api: api.seller_events(SINCE, UNTIL),
    "GetItem": lambda api: api.listing("1101"),
    "GetMyeBaySelling": lambda api: api.selling_page(1),
}


def xml(text: str, status: int = 200, **headers: str) -> bytes:
    return answer(text, status, Content_Type="text/xml", **headers)


def sent(request: Request) -> dict[str, list[str | None]]:
    """Texts of the request's elements by path, without the namespace."""
    found: dict[str, list[str | None]] = {}

    def walk(element: Element, path: str) -> None:
        name = element.tag.removeprefix("{urn:ebay:apis:eBLBaseComponents}")
        path = f"{path}/{name}" if path else name
        if len(element):
            for inner in element:
                walk(inner, path)
        else:
            found.setdefault(path, []).append(element.text)

    walk(ElementTree.fromstring(request.body), "")
    return found


def test_events_are_asked_for_by_time_of_modification_with_all_that_a_listing_needs(wire: Wire, api: SellerApi) -> None:
    wire.answers = [xml(events())]

    api.seller_events(SINCE, UNTIL)

    request = wire.requests[0]
    assert (request.method, request.target) == ("POST", "/ws/api.dll")
    assert sent(request) == {
        "GetSellerEventsRequest/DetailLevel": ["ReturnAll"],
        "GetSellerEventsRequest/OutputSelector": [*(f"ItemArray.Item.{name}" for name in SELECTED.split()), "HasMoreItems"],
        "GetSellerEventsRequest/ModTimeFrom": ["2026-06-18T13:27:24.987Z"],
        "GetSellerEventsRequest/ModTimeTo": ["2026-06-20T13:27:24.987Z"],
        "GetSellerEventsRequest/IncludeVariationSpecifics": ["true"],
        "GetSellerEventsRequest/HideVariations": ["false"],
    }


@pytest.mark.parametrize("call", CALLS)
def test_the_token_goes_into_a_header_of_its_own(wire: Wire, api: SellerApi, call: str) -> None:
    wire.answers = [xml(response(call, item() if call == "GetItem" else ""))]

    CALLS[call](api)

    headers = wire.requests[0].headers
    assert headers["x-ebay-api-iaf-token"] == "token-1"
    assert (headers["x-ebay-api-call-name"], headers["x-ebay-api-siteid"]) == (call, "0")
    assert headers["x-ebay-api-compatibility-level"].isdecimal()
    assert (headers["content-type"], headers["accept"]) == ("text/xml; charset=utf-8", "text/xml")
    assert "authorization" not in headers


def test_events_are_listings_at_ebays_clock_and_calls_are_counted(wire: Wire, api: SellerApi) -> None:
    wire.answers = [xml(events(item(), item("1102", variations=variations(variation())), item(None, title="Whose?")))]

    found = api.seller_events(SINCE, UNTIL)

    assert [listing["itemId"] for listing in found.listings] == ["1101", "1102"]
    assert len(found.without_id) == 1
    assert "<Title>Whose?</Title>" in found.without_id[0]
    assert (found.date, found.complete, api.calls, api.spent) == (WHEN, True, 1, {"trading": 1})


@pytest.mark.parametrize(
    ("number", "more", "complete"), [(1_999, None, True), (1_999, "false", True), (2_000, None, False), (1, "true", False)]
)
def test_a_window_with_more_than_one_answer_holds_says_so(
    wire: Wire, api: SellerApi, number: int, more: str | None, complete: bool
) -> None:
    wire.answers = [xml(events(*(f"<Item><ItemID>{n}</ItemID></Item>" for n in range(number)), more=more))]

    found = api.seller_events(SINCE, UNTIL)

    assert (len(found.listings), found.complete) == (number, complete)


@pytest.mark.parametrize(("since", "until"), [(SINCE, UNTIL + timedelta(seconds=1)), (UNTIL, SINCE)])
def test_a_window_that_ebay_does_not_take_is_a_mistake_of_ours_and_costs_no_call(
    wire: Wire, api: SellerApi, since: datetime, until: datetime
) -> None:
    with pytest.raises(ValueError, match="48 hours"):
        api.seller_events(since, until)

    assert wire.requests == []


def test_one_listing_is_read_by_its_id(wire: Wire, api: SellerApi) -> None:
    wire.answers = [xml(response("GetItem", item(variations=variations(variation()))))]

    found = present(api.listing("1101"))

    assert (found["itemId"], len(found["variations"])) == ("1101", 1)
    assert sent(wire.requests[0]) == {"GetItemRequest/ItemID": ["1101"]}


def test_a_listing_that_ebay_knows_no_more_is_none(wire: Wire, api: SellerApi) -> None:
    wire.answers = [xml(failure("GetItem", 17))]

    assert api.listing("1101") is None


@pytest.mark.parametrize("content", ["", item("1102"), item(None), item() + item("1102")])
def test_another_listing_than_the_one_asked_for_is_a_bad_answer(wire: Wire, api: SellerApi, content: str) -> None:
    wire.answers = [xml(response("GetItem", content))]

    with pytest.raises(BadAnswerError, match="not the listing asked for"):
        api.listing("1101")


def test_an_id_from_a_strange_document_cannot_spoil_the_request(wire: Wire, api: SellerApi) -> None:
    wire.answers = [xml(failure("GetItem", 17))]

    assert api.listing("</ItemID>\x00&\ud800") is None
    assert sent(wire.requests[0]) == {"GetItemRequest/ItemID": [r"</ItemID>\u0000&\ud800"]}


def test_active_listings_are_paged_by_200(wire: Wire, api: SellerApi) -> None:
    elsewhere = f"<SoldList><OrderTransactionArray>{item('1199')}</OrderTransactionArray></SoldList>"
    wire.answers = [xml(selling(item(status=None), item(None), pages=7, total=1234).replace("</ActiveList>", "</ActiveList>" + elsewhere))]

    page = api.selling_page(3)

    assert [(listing["itemId"], listing["status"]) for listing in page.listings] == [("1101", "Active")]
    assert (len(page.without_id), page.pages, page.total, page.date) == (1, 7, 1234, WHEN)
    assert sent(wire.requests[0]) == {
        "GetMyeBaySellingRequest/ActiveList/Include": ["true"],
        "GetMyeBaySellingRequest/ActiveList/Sort": ["StartTime"],
        "GetMyeBaySellingRequest/ActiveList/Pagination/EntriesPerPage": ["200"],
        "GetMyeBaySellingRequest/ActiveList/Pagination/PageNumber": ["3"],
        "GetMyeBaySellingRequest/HideVariations": ["false"],
    }


def test_a_seller_without_active_listings_has_no_pages(wire: Wire, api: SellerApi) -> None:
    wire.answers = [xml(response("GetMyeBaySelling"))]

    page = api.selling_page(1)

    assert (page.listings, page.pages, page.total) == ([], 0, 0)


@pytest.mark.parametrize("text", [
    selling(item(), pages="many"), selling(item(), total="-1"), response("GetMyeBaySelling", f"<ActiveList>{item()}</ActiveList>"),
])  # fmt: skip
def test_pages_without_a_count_are_a_bad_answer(wire: Wire, api: SellerApi, text: str) -> None:
    wire.answers = [xml(text)]

    with pytest.raises(BadAnswerError, match="count"):
        api.selling_page(1)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("text", [
    "", "<html><body>Sorry</body></html>", "<!DOCTYPE html><html></html>", "{}", events(item())[:-30], "<a/>",
    events(item()).replace("<Ack>Success</Ack>", ""), response("X", ack="Failure").replace("Failure", ""),
    '<!DOCTYPE x [<!ENTITY a "ha">]><GetItemResponse><Ack>Success</Ack></GetItemResponse>',
])  # fmt: skip
def test_a_200_that_is_no_whole_answer_of_this_api_is_a_bad_answer(wire: Wire, api: SellerApi, call: str, text: str) -> None:
    wire.answers = [xml(text)]

    with pytest.raises(BadAnswerError):
        CALLS[call](api)

    assert api.calls == 1


def test_a_warning_is_a_success(wire: Wire, api: SellerApi) -> None:
    warning = "<Errors><ErrorCode>21917053</ErrorCode><SeverityCode>Warning</SeverityCode></Errors>"
    wire.answers = [xml(response("GetSellerEvents", f"<ItemArray>{item()}</ItemArray>{warning}", ack="Warning"))]

    assert len(api.seller_events(SINCE, UNTIL).listings) == 1


@pytest.mark.parametrize("code", [931, 932, 21916984, 21917053])
def test_a_token_that_is_refused_in_the_answer_is_renewed_once(wire: Wire, api: SellerApi, tokens: Tokens, code: int) -> None:
    wire.answers = [xml(failure("GetSellerEvents", code)), xml(events(item()))]

    found = api.seller_events(SINCE, UNTIL)

    assert len(found.listings) == 1
    assert [request.headers["x-ebay-api-iaf-token"] for request in wire.requests] == ["token-1", "token-2"]
    assert (tokens.refused, api.calls) == (["token-1"], 2)


@pytest.mark.parametrize("refusal", [xml(failure("GetItem", 931)), answer("{}", 401)])
def test_a_fresh_token_refused_too_is_an_error_after_two_calls(wire: Wire, api: SellerApi, refusal: bytes) -> None:
    wire.answers = [refusal]

    with pytest.raises(BadAnswerError, match="fresh access token"):
        api.listing("1101")

    assert (api.calls, len(wire.requests)) == (2, 2)


@pytest.mark.parametrize(("given", "error", "codes"), [
    (xml(failure("GetItem", 518)), QuotaSpentError, (518,)), (xml(failure("GetItem", 21919144)), QuotaSpentError, (21919144,)),
    (xml("", 429), QuotaSpentError, ()), (xml(failure("GetItem", 5, 518)), QuotaSpentError, (5, 518)),
    (xml(failure("GetItem", 10007)), EbayUnavailableError, (10007,)),
    (xml(failure("GetItem", 5, kind="SystemError")), EbayUnavailableError, (5,)),
    (xml("<html>", 503), EbayUnavailableError, ()), (xml(failure("GetItem", 5), 500), EbayUnavailableError, (5,)),
    (xml(failure("GetItem", 37)), RejectedError, (37,)), (xml("", 400), RejectedError, ()), (xml("", 404), NotFoundError, ()),
    (xml(failure("GetItem", *range(101, 120))), RejectedError, (101, 102, 103, 104, 105)),
    (xml(failure("GetItem", "a name")), RejectedError, ()),
    (xml(response("GetItem", item(), ack="PartialFailure")), RejectedError, ()),
])  # fmt: skip
def test_a_failure_says_what_to_do(wire: Wire, api: SellerApi, given: bytes, error: type[EbayError], codes: tuple[int, ...]) -> None:
    wire.answers = [given]

    with pytest.raises(error) as caught:
        api.listing("1101")

    assert type(caught.value) is error
    assert caught.value.codes == codes
    assert "a name" not in str(caught.value)


def test_a_spent_quota_says_when_to_come_back_if_ebay_does(wire: Wire, api: SellerApi) -> None:
    wire.answers = [xml(failure("GetItem", 518), Retry_After="90")]

    with pytest.raises(QuotaSpentError) as caught:
        api.listing("1101")

    assert caught.value.retry_after_s == 90


def test_an_answer_over_the_limit_is_refused(wire: Wire) -> None:
    wire.answers = [xml(events(*(item(str(n)) for n in range(100))))]

    with client(wire, max_body=10_000) as ebay, pytest.raises(BadAnswerError, match="too large"):
        ebay.seller("seller-1").seller_events(SINCE, UNTIL)


def test_ebays_clock_is_told_to_the_millisecond_where_the_date_is_cut_to_the_second(wire: Wire, api: SellerApi) -> None:
    wire.answers = [xml(response("GetItem", item()), Date="Sun, 20 Oct 2024 07:17:49 GMT")]

    api.listing("1101")

    assert api.date == WHEN


def test_a_user_is_asked_for_by_their_token_alone(wire: Wire, api: SellerApi) -> None:
    inner = "<SellerInfo><User><UserID>another</UserID></User></SellerInfo>"
    user = f"<User><EIASToken> nY+sHZ2PrBmdj6wV== </EIASToken>{inner}<UserID>shop_1</UserID></User>"
    wire.answers = [xml(response("GetUser", user))]

    reported = api.user()

    assert sent(wire.requests[0]) == {"GetUserRequest": [None]}
    assert (reported.name, reported.eias, api.calls) == ("shop_1", "nY+sHZ2PrBmdj6wV==", 1)
    assert "shop_1" not in repr(reported)


@pytest.mark.parametrize("user", ["", "<User/>", "<User><UserID> </UserID></User>", "<Seller><User><UserID>x</UserID></User></Seller>"])
def test_an_answer_that_names_no_user_is_none(wire: Wire, api: SellerApi, user: str) -> None:
    wire.answers = [xml(response("GetUser", user))]

    with pytest.raises(BadAnswerError):
        api.user()
