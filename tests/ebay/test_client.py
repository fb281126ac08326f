"""The calls: documented request forms, checked answers, one renewed token, one count a call."""

import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

from ebay.client import OPEN_ORDERS, SellerApi, modified_filter
from ebay.errors import AccessDeniedError, BadAnswerError, NotFoundError, QuotaSpentError, RejectedError
from tests.ebay.wire import DATE, Tokens, Wire, answer, client

START = datetime(2026, 6, 18, 13, 27, 24, 987_654, tzinfo=UTC)
EMPTY = answer('{"total": 0, "orders": []}')
REFUSED = answer('{"errors": [{"errorId": 1001, "domain": "OAuth"}]}', 401)
DENIED = answer('{"errors": [{"errorId": 1100, "domain": "ACCESS"}]}', 403)
EBAYS_CLOCK = datetime(2024, 10, 20, 7, 17, 49, tzinfo=UTC)


def test_a_filter_is_percent_encoded_and_carries_milliseconds(wire: Wire, api: SellerApi) -> None:
    wire.answers = [EMPTY]

    api.orders(modified_filter(START))
    api.orders(modified_filter(START, START + timedelta(hours=1)), offset=200, limit=50)
    api.orders(OPEN_ORDERS)

    path = "/sell/fulfillment/v1/order?filter="
    assert [request.target for request in wire.requests] == [
        f"{path}lastmodifieddate:%5B2026-06-18T13:27:24.987Z..%5D&limit=200",
        f"{path}lastmodifieddate:%5B2026-06-18T13:27:24.987Z..2026-06-18T14:27:24.987Z%5D&limit=50&offset=200",
        f"{path}orderfulfillmentstatus:%7BNOT_STARTED%7CIN_PROGRESS%7D&limit=200",
    ]


def test_every_request_names_us_and_its_token_and_takes_gzip(wire: Wire, api: SellerApi) -> None:
    wire.answers = [EMPTY]

    api.orders(OPEN_ORDERS)

    headers = wire.requests[0].headers
    assert headers["user-agent"].startswith("Sellerbeat")
    assert headers["authorization"] == "Bearer token-1"
    assert (headers["accept"], headers["accept-encoding"]) == ("application/json", "gzip")


def test_a_page_of_orders_is_given_as_it_came(wire: Wire, api: SellerApi) -> None:
    orders = [{"orderId": "1", "new": {"field": [1]}}, None, "text", {}]
    wire.answers = [answer(json.dumps({"total": 900, "orders": orders, "next": "https://x/y?offset=200", "warnings": [{}]}))]

    page = api.orders(OPEN_ORDERS)

    assert (page.orders, page.total, page.next, page.warnings) == (orders, 900, "https://x/y?offset=200", 1)
    assert (page.date, page.dated, api.date) == (EBAYS_CLOCK, True, EBAYS_CLOCK)


@pytest.mark.parametrize("body", ['{"total": 0, "orders": null}', '{"total": 0, "orders": [], "next": null, "warnings": null}'])
def test_missing_optional_things_are_tolerated(wire: Wire, api: SellerApi, body: str) -> None:
    wire.answers = [answer(body)]

    page = api.orders(OPEN_ORDERS)

    assert (page.orders, page.total, page.next) == ([], 0, None)


@pytest.mark.parametrize("body", [
    "<html>maintenance</html>", '{"total": 1, "orders": [{"orderId', "[]", "null", '"text"', '{"total": 0}', '{"orders": []}',
    '{"total": "0", "orders": []}', '{"total": true, "orders": []}', '{"total": 1.5, "orders": []}', '{"total": -1, "orders": []}',
    '{"total": 0, "orders": {}}', '{"total": 0, "orders": [], "next": 7}',
])  # fmt: skip
def test_a_200_of_the_wrong_shape_is_a_bad_answer(wire: Wire, api: SellerApi, body: str) -> None:
    wire.answers = [answer(body)]

    with pytest.raises(BadAnswerError):
        api.orders(OPEN_ORDERS)

    assert api.calls == 1


@pytest.mark.parametrize("date", ["", "yesterday", "Sun, 99 Oct 2024 07:17:49 GMT"])
def test_without_a_date_our_clock_serves_put_right_by_what_ebay_said_before(wire: Wire, api: SellerApi, date: str) -> None:
    wire.answers = [EMPTY, answer('{"total": 0, "orders": []}', Date=date)]
    api.orders(OPEN_ORDERS)

    page = api.orders(OPEN_ORDERS)

    assert not page.dated
    assert abs(page.date - EBAYS_CLOCK) < timedelta(seconds=30)


def test_a_gzipped_answer_is_read(wire: Wire, api: SellerApi) -> None:
    body = gzip.compress(b'{"total": 0,') + gzip.compress(b' "orders": []}')
    wire.answers = [answer(body, Content_Encoding="gzip")]

    assert api.orders(OPEN_ORDERS).total == 0


@pytest.mark.parametrize("refusal", [REFUSED, DENIED, answer("", 401)])
def test_a_refused_token_is_renewed_once_and_the_call_repeated(wire: Wire, api: SellerApi, tokens: Tokens, refusal: bytes) -> None:
    wire.answers = [refusal, EMPTY]

    api.orders(OPEN_ORDERS)

    assert tokens.refused == ["token-1"]
    assert [request.headers["authorization"] for request in wire.requests] == ["Bearer token-1", "Bearer token-2"]
    assert api.calls == 2


@pytest.mark.parametrize(("refusal", "error"), [(REFUSED, BadAnswerError), (DENIED, AccessDeniedError)])
def test_a_fresh_token_refused_too_is_an_error_after_two_calls(
    wire: Wire, api: SellerApi, tokens: Tokens, refusal: bytes, error: type[Exception]
) -> None:
    wire.answers = [refusal]

    with pytest.raises(error):
        api.orders(OPEN_ORDERS)

    assert (len(tokens.refused), api.calls, len(wire.requests)) == (1, 2, 2)


def test_a_call_is_counted_though_it_fails(wire: Wire, api: SellerApi) -> None:
    wire.answers = [lambda connection: connection.close()]

    with pytest.raises(Exception, match="connection"):
        api.orders(OPEN_ORDERS)

    assert api.calls == 1


@pytest.mark.parametrize(("header", "seconds"), [
    ("", None), ("120", 120), ("1.5", 1.5), ("Sun, 20 Oct 2024 08:17:49 GMT", 3600), ("Sun, 20 Oct 2024 06:00:00 GMT", 0),
    ("soon", None), ("-5", 0), ("inf", None), ("nan", None),
])  # fmt: skip
def test_a_spent_quota_says_when_to_come_back_if_ebay_does(wire: Wire, api: SellerApi, header: str, seconds: float | None) -> None:
    wire.answers = [answer('{"errors": [{"errorId": 2001}]}', 429, Retry_After=header)]

    with pytest.raises(QuotaSpentError) as caught:
        api.orders(OPEN_ORDERS)

    assert (caught.value.retry_after_s, caught.value.codes, api.calls) == (seconds, (2001,), 1)


def test_a_redirect_is_not_followed(wire: Wire, api: SellerApi) -> None:
    wire.answers = [answer("", 302, Location=f"{wire.url}/elsewhere")]

    with pytest.raises(BadAnswerError):
        api.orders(OPEN_ORDERS)

    assert len(wire.requests) == 1


def test_cookies_are_not_sent_back(wire: Wire, api: SellerApi) -> None:
    wire.answers = [answer('{"total": 0, "orders": []}', Set_Cookie="seller=1; Path=/")]

    api.orders(OPEN_ORDERS)
    api.orders(OPEN_ORDERS)

    assert "cookie" not in wire.requests[1].headers


def test_known_orders_are_asked_by_id_alone(wire: Wire, api: SellerApi) -> None:
    wire.answers = [EMPTY]

    api.orders_by_id(["03-14798-73169", "a/b,c?"])

    assert wire.requests[0].target == "/sell/fulfillment/v1/order?orderIds=03-14798-73169,a%2Fb%2Cc%3F&limit=200"


def test_one_order_and_its_parcels(wire: Wire, api: SellerApi) -> None:
    wire.answers = [answer('{"orderId": "1/2"}'), answer('{"fulfillments": [{"fulfillmentId": "9"}], "total": 1}'), answer('{"total": 0}')]

    assert api.order("1/2") == {"orderId": "1/2"}
    assert api.shipping_fulfillments("1/2") == [{"fulfillmentId": "9"}]
    assert api.shipping_fulfillments("..") == []
    assert [request.target for request in wire.requests] == [
        "/sell/fulfillment/v1/order/1%2F2",
        "/sell/fulfillment/v1/order/1%2F2/shipping_fulfillment",
        "/sell/fulfillment/v1/order/%2E%2E/shipping_fulfillment",
    ]


def test_an_unknown_order_is_not_found_and_a_malformed_id_is_rejected(wire: Wire, api: SellerApi) -> None:
    wire.answers = [answer("{}", 404), answer('{"errors": [{"errorId": 32100}]}', 400)]

    with pytest.raises(NotFoundError):
        api.order("1")
    with pytest.raises(RejectedError, match="32100"):
        api.order("1")


@pytest.mark.parametrize("host", ["https://api.ebay.com", "", "https://evil.example", "//evil.example"])
def test_next_is_followed_verbatim_on_our_own_host(wire: Wire, api: SellerApi, host: str) -> None:
    following = f"{host}/sell/inventory/v1/inventory_item?offset=3&limit=200&c=%7Ba%2C"
    wire.answers = [
        answer(json.dumps({"total": 401, "inventoryItems": [{"sku": "a"}], "next": following})),
        answer('{"total": 0, "size": 0}'),
    ]

    page = api.inventory_page(None)
    last = api.inventory_page(page.next)

    assert (page.items, page.total, page.next, last.items, last.next) == ([{"sku": "a"}], 401, following, [], None)
    assert [request.target for request in wire.requests] == [
        "/sell/inventory/v1/inventory_item?limit=200",
        "/sell/inventory/v1/inventory_item?offset=3&limit=200&c=%7Ba%2C",
    ]


@pytest.mark.parametrize("following", [
    "/sell/fulfillment/v1/order?offset=1", "/sell/inventory/v1/inventory_item", "nonsense", "http://[",
    "/sell/inventory/v1/inventory_item?a b\x7f",
])  # fmt: skip
def test_a_next_that_leads_elsewhere_is_refused_before_it_is_kept(wire: Wire, api: SellerApi, following: str) -> None:
    wire.answers = [answer(json.dumps({"total": 401, "inventoryItems": [], "next": following}))]

    with pytest.raises(BadAnswerError):
        api.inventory_page(None)


RATES = {"limit": 5000, "remaining": 3830, "reset": "2026-08-14T07:00:00.000Z", "timeWindow": 86400}
LIMITS = {
    "rateLimits": [{"apiContext": "buy", "apiName": "Browse", "resources": [{"name": "buy.browse", "rates": [RATES, {}, None]}]}, None]
}


def test_rate_limits_are_read_with_one_application_token_until_it_expires(wire: Wire) -> None:
    token = answer('{"access_token": "app", "expires_in": 7200}')
    wire.answers = [token, answer(json.dumps(LIMITS)), answer("", 204, Content_Length="")]

    with client(wire) as ebay:
        [limit] = ebay.rate_limits()
        nothing = ebay.rate_limits()

    assert (limit.context, limit.api, limit.resource, limit.limit, limit.remaining) == ("buy", "Browse", "buy.browse", 5000, 3830)
    assert (limit.reset, limit.window_s) == (datetime(2026, 8, 14, 7, tzinfo=UTC), 86400)
    assert nothing == []
    assert [request.target for request in wire.requests] == ["/identity/v1/oauth2/token"] + ["/developer/analytics/v1_beta/rate_limit/"] * 2
    assert wire.requests[1].headers["authorization"] == "Bearer app"


def test_the_slowest_answer_and_the_clock_of_the_latest_are_known(wire: Wire, api: SellerApi) -> None:
    wire.answers = [answer('{"total": 0, "orders": []}', Date=DATE)]

    api.orders(OPEN_ORDERS)

    assert 0 < api.slowest_s < 5
