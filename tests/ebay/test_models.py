"""The lenses: unknown fields stay, values never show in errors."""

from decimal import Decimal

import pytest
from pydantic import ValidationError

from ebay.models import InventoryItem, Order, ShippingFulfillment
from tests.support.present import present

ORDER = {
    "orderId": "03-14798-00001",
    "lastModifiedDate": "2026-06-18T13:28:24.000Z",
    "lineItems": [{"lineItemId": "1", "quantity": 1, "lineItemCost": {"value": "120.0", "currency": "USD"}, "soldFormat": "FIXED_PRICE"}],
    "program": {"new": True},
}


def test_an_order_reads_as_typed_fields_and_gives_back_all_that_came() -> None:
    order = Order.model_validate(ORDER)

    assert present(order.line_items[0].line_item_cost).value == Decimal("120.00")
    assert order.model_dump(mode="json", by_alias=True, exclude_unset=True)["program"] == {"new": True}
    assert order.line_items[0].model_extra == {"soldFormat": "FIXED_PRICE"}


def test_an_error_names_the_field_and_not_the_value() -> None:
    with pytest.raises(ValidationError) as caught:
        Order.model_validate({"orderId": "1", "creationDate": "canary-7f3a", "lineItems": [{"lineItemId": {"canary-7f3a": 1}}]})

    assert "creationDate" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_parcels_and_items_read_too() -> None:
    parcel = ShippingFulfillment.model_validate({"fulfillmentId": "9", "lineItems": [{"lineItemId": "1", "quantity": 2}]})
    item = InventoryItem.model_validate({"sku": "a", "availability": {"shipToLocationAvailability": {"quantity": 3}}})

    assert parcel.line_items[0].quantity == 2
    assert present(present(item.availability).ship_to_location_availability).quantity == 3
