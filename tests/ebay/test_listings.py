"""XML of a listing, whole or from the report, as one kind of document."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ebay.listings import listing, report_row
from ebay.xml import Node, pieces, records
from tests.ebay.trading_xml import item, reported, row, variation, variations
from tests.support.present import present


def node(xml: str) -> Node:
    [found] = records(pieces(f"<A>{xml}</A>".encode()), ("Item", "SKUDetails"))
    return found


def test_a_listing_is_what_buyers_can_have_of_it() -> None:
    assert listing(node(item())) == {
        "itemId": "1101",
        "sku": "A-1",
        "title": "A lamp",
        "status": "Active",
        "available": 3,
        "quantity": 5,
        "quantitySold": 2,
        "price": {"value": "9.99", "currency": "USD"},
    }


def test_variations_stand_inside_their_listing() -> None:
    found = present(listing(node(item(sku=None, variations=variations(variation(), variation("A-1-L", "L", quantity="0", sold="0"))))))

    assert "sku" not in found
    price = {"value": "9.99", "currency": "USD"}
    assert found["variations"] == [
        {"sku": "A-1-M", "specifics": {"Size": "M"}, "available": 2, "quantity": 3, "quantitySold": 1, "price": price},
        {"sku": "A-1-L", "specifics": {"Size": "L"}, "available": 0, "quantity": 0, "quantitySold": 0, "price": price},
    ]


@pytest.mark.parametrize("status", ["Completed", "Ended"])
def test_an_ended_listing_says_so(status: str) -> None:
    assert present(listing(node(item(status=status))))["status"] == status


def test_the_list_of_active_listings_gives_no_status_and_any_two_counts() -> None:
    found = present(
        listing(node(item(status=None, quantity="44", sold=None, more="<QuantityAvailable>16</QuantityAvailable>")), active=True)
    )

    assert (found["status"], found["available"], found["quantity"], found["quantitySold"]) == ("Active", 16, 44, 28)


@pytest.mark.parametrize("text", ["many", "0x10", "1.5", ""])
def test_an_available_that_is_no_whole_number_is_not_given_as_no_other_call_says_it(text: str) -> None:
    without_id = item(quantity=text, sold="1", more=f"<QuantityAvailable>{text}</QuantityAvailable>")
    selling, events = (listing(node(one), active=True) for one in (without_id, item(quantity=text, sold="1")))

    assert selling == events
    assert "available" not in (selling or {"available": 0})


@pytest.mark.parametrize(("quantity", "sold", "counts"), [
    (None, "2", {"quantitySold": 2}), ("5", None, {"quantity": 5}), ("-5", "0", {"available": -5, "quantity": -5, "quantitySold": 0}),
    ("5", "7", {"available": -2, "quantity": 5, "quantitySold": 7}), ("", " ", {}), ("many", "1", {"quantity": "many", "quantitySold": 1}),
    (" 5 ", "2.0", {"available": 3, "quantity": 5, "quantitySold": 2}), ("1e9", "0", {"quantity": "1e9", "quantitySold": 0}),
    ("9" * 5000, "0", {"quantity": "9" * 5000, "quantitySold": 0}), ("٣", "0", {"quantity": "٣", "quantitySold": 0}),
])  # fmt: skip
def test_counts_that_make_no_sense_are_kept_as_far_as_they_can_be_read(
    quantity: str | None, sold: str | None, counts: dict[str, object]
) -> None:
    found = present(listing(node(item(quantity=quantity, sold=sold))))

    assert {name: found[name] for name in ("available", "quantity", "quantitySold") if name in found} == counts


@pytest.mark.parametrize("sku", ["A/1", "A 1", " A", '"A\'1"', "<A>&amp;", "😀" * 25, "x" * 50, "٣"])
def test_a_sku_comes_as_the_seller_wrote_it(sku: str) -> None:
    assert present(listing(node(item(sku=sku))))["sku"] == sku
    assert present(report_row(node(row(sku=sku))))["sku"] == sku


@pytest.mark.parametrize("item_id", [None, "", "  "])
def test_what_has_no_item_id_is_no_listing(item_id: str | None) -> None:
    assert listing(node(item(item_id))) is None
    assert report_row(node(row(item_id))) is None


def test_a_row_of_the_report_tells_a_part_of_a_listing() -> None:
    assert report_row(node(row())) == {"itemId": "1101", "sku": "A-1", "available": 3, "price": {"value": "9.99", "currency": "USD"}}


def test_a_row_with_variations_and_a_blank_sku_has_their_sum() -> None:
    found = present(report_row(node(row(sku="", quantity=None, variations=variations(reported(), reported("A-1-L", "L", quantity="4"))))))

    assert ("sku" in found, found["available"]) == (False, 6)
    assert found["variations"][1] == {
        "sku": "A-1-L",
        "specifics": {"Size": "L"},
        "available": 4,
        "price": {"value": "9.99", "currency": "USD"},
    }


@pytest.mark.parametrize("quantity", ["", "some"])
def test_there_is_no_sum_of_what_is_not_known(quantity: str | None) -> None:
    assert "available" not in present(report_row(node(row(quantity=None, variations=variations(reported(), reported(quantity=quantity))))))


def test_a_specific_with_several_values_has_them_all() -> None:
    pair = "<NameValueList><Name>Size</Name><Value>M</Value><Value>L</Value></NameValueList><NameValueList><Value>?</Value></NameValueList>"
    xml = f"<Variation><VariationSpecifics>{pair}</VariationSpecifics></Variation>"

    assert present(listing(node(item(variations=variations(xml)))))["variations"] == [{"specifics": {"Size": ["M", "L"]}}]


READ_BY_US = """
    ItemID SKU Title Quantity QuantityAvailable SellingStatus CurrentPrice QuantitySold ListingStatus Price StartPrice Variations Variation
    VariationSpecifics NameValueList Name Value Item New
"""
NAMES = st.sampled_from(READ_BY_US.split())
LEAVES = st.builds(
    Node,
    NAMES,
    st.dictionaries(st.sampled_from(["currencyID", "x"]), st.text(max_size=3), max_size=1),
    parts=st.lists(st.text(max_size=5) | st.sampled_from(["5", "-1", "2", "A-1"]), max_size=2),
)
NODES = st.recursive(LEAVES, lambda inner: st.builds(Node, NAMES, st.just({}), st.lists(inner, max_size=6), st.just([])), max_leaves=25)


def shaped(document: dict[str, Any], inside: bool = False) -> bool:
    counts = [document[name] for name in ("available", "quantity", "quantitySold") if name in document]
    texts = [document[name] for name in ("sku", "title", "status") if name in document]
    prices = [document["price"]] if "price" in document else []
    return (
        all(type(count) in (int, str) for count in counts)
        and all(type(text) is str and text.strip() for text in texts)
        and all(set(price) <= {"value", "currency"} and type(price["value"]) is str for price in prices)
        and (inside or type(document["itemId"]) is str)
        and all(shaped(one, inside=True) for one in document.get("variations", []))
    )


@given(NODES)
def test_any_elements_at_all_become_a_document_of_this_shape_or_none(root: Node) -> None:
    for document in (listing(root), listing(root, active=True), report_row(root)):
        assert document is None or shaped(document)
