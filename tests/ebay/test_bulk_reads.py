"""Several items at once, and the offers of a SKU: what is missing, unknown, or perhaps not all."""

import json

import pytest

from ebay.client import OfferList, SellerApi
from tests.ebay.wire import Answer, Wire, answer


def test_a_bulk_read_tells_missing_items_from_unknown_ones(wire: Wire, api: SellerApi) -> None:
    responses = [
        {"sku": "here", "statusCode": 200, "inventoryItem": {"availability": {}}},
        {"sku": "gone", "statusCode": 404, "errors": [{"errorId": 25710}]},
        {"sku": "never", "statusCode": 400, "errors": [{"errorId": 25702}]},
        {"sku": "failed", "statusCode": 500, "errors": [{"errorId": 25001}]},
        {"sku": "not asked", "statusCode": 200, "inventoryItem": {"availability": {}}},
        None,
    ]
    wire.answers = [answer(json.dumps({"responses": responses}), 207)]
    skus = ["here", "gone", "never", "failed", "silent"]

    items = api.inventory_items(skus)

    assert items == {"here": {"sku": "here", "availability": {}}, "gone": None, "never": None}
    assert wire.requests[0].target == "/sell/inventory/v1/bulk_get_inventory_item"
    assert json.loads(wire.requests[0].body) == {"requests": [{"sku": sku} for sku in skus]}


@pytest.mark.parametrize(
    ("sku", "asked"), [("LAMP-1", "LAMP-1"), ("A/1 'b\"&?", "A%2F1%20%27b%22%26%3F"), ("\N{GRINNING FACE}", "%F0%9F%98%80")]
)
def test_offers_of_a_sku_are_given_as_they_came(wire: Wire, api: SellerApi, sku: str, asked: str) -> None:
    offers = [{"offerId": "1", "marketplaceId": "EBAY_US", "new": [1]}, {"offerId": "2", "marketplaceId": "EBAY_DE"}]
    wire.answers = [
        answer(json.dumps({"total": 2, "offers": offers[:1], "next": "https://x/sell/inventory/v1/offer?sku=x&offset=1"})),
        answer(json.dumps({"total": 2, "offers": [*offers[1:], None]})),
    ]

    assert api.offers(sku) == OfferList([*offers, None], whole=True)
    assert [request.target for request in wire.requests] == [
        f"/sell/inventory/v1/offer?sku={asked}&limit=100",
        "/sell/inventory/v1/offer?sku=x&offset=1",
    ]
    assert api.spent == {"inventory": 2}


@pytest.mark.parametrize(
    "none", [answer('{"errors": [{"errorId": 25713}]}', 404), answer('{"total": 0}'), answer('{"total": 0, "offers": []}')]
)
def test_a_sku_may_have_no_offers(wire: Wire, api: SellerApi, none: bytes) -> None:
    wire.answers = [none]

    assert api.offers("LAMP-1") == OfferList([], whole=True)


@pytest.mark.parametrize(
    "answers",
    [
        [answer("<h1>Not found</h1>", 404)],
        [answer('{"total": 2, "offers": [{"offerId": "1"}]}')],
        [answer('{"total": 9, "offers": [{}], "next": "/sell/inventory/v1/offer?sku=x"}'), answer('{"errors": [{"errorId": 25713}]}', 404)],
    ],
)
def test_offers_that_may_not_be_all_are_told_apart(wire: Wire, api: SellerApi, answers: list[Answer]) -> None:
    wire.answers = answers

    assert not api.offers("LAMP-1").whole


def test_pages_of_offers_that_never_end_do_end(wire: Wire, api: SellerApi) -> None:
    wire.answers = [answer('{"total": 1, "offers": [], "next": "/sell/inventory/v1/offer?sku=x"}')]

    assert api.offers("LAMP-1") == OfferList([], whole=False)
    assert api.calls == 25


def test_too_many_ids_or_skus_are_a_mistake_of_ours_and_cost_no_call(wire: Wire, api: SellerApi) -> None:
    with pytest.raises(ValueError, match="50"):
        api.orders_by_id(["1"] * 51)
    with pytest.raises(ValueError, match="25"):
        api.inventory_items([str(n) for n in range(26)])
    with pytest.raises(ValueError, match="25"):
        api.inventory_items(["a", "a"])

    assert wire.requests == []
