"""The normal form: what is one content, and what is not."""

import copy
import json
import random
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.changes.compare import changed_fields
from domain.changes.model import Document, Kind
from domain.changes.normal import UNORDERED, digest, list_view, normal
from tests.domain.changes.documents import JSON, OBJECTS, amount, href, item, line, nested, order, spoiled

KINDS = st.sampled_from(Kind)


def same(one: Any, other: Any, kind: Kind = Kind.ORDER) -> bool:
    """Both ways of comparing, which must agree."""
    equal = changed_fields(kind, {"field": one}, {"field": other}) == ()
    assert equal == (digest(kind, {"field": one}) == digest(kind, {"field": other}))
    return equal


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (None, ""),
        (None, []),
        ("", {}),
        ({"a": {"b": [], "c": None}}, None),
        (amount("120.0"), amount("120.00")),
        (amount("120"), amount("0120.")),
        (amount("-0.00"), amount("0")),
        (amount("1.5"), {**amount("1.50"), "convertedFromValue": ""}),
        ({"value": 120.0, "currency": "USD"}, amount("120")),
        ({**amount("1"), "convertedFromValue": "2.0"}, {**amount("1"), "convertedFromValue": "2.00"}),
        ({"value": 1, "currency": ""}, {"value": 1, "currency": None}),
        (1, 1.0),
        (0, -0.0),
        (10**22, 1e22),
        (10**23, 1e23),  # JSONB gives back the digits of 1e+23, not the float's exact value
        (["a", None], ["a", ""]),
        ({"lineItems": [line(1), line(2)]}, {"lineItems": [line(2), line(1)]}),
        ({"refunds": [1, "a"]}, {"refunds": ["a", 1]}),
        ({"fulfillmentHrefs": [href("1"), href("2")]}, {"fulfillmentHrefs": [href("2").replace("api.", "apiz."), href("1") + "/"]}),
    ],
)
def test_these_say_the_same(one: Any, other: Any) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (0, None),
        (False, None),
        (True, 1),
        (False, 0),
        ("1", 1),
        ("1.0", "1.00"),  # no amount: a size, a version
        ({"value": "1.0"}, {"value": "1.00"}),  # no currency: an aspect
        (amount("1.0"), amount("1.01")),
        (amount("-1"), amount("1")),
        ({"value": True, "currency": "USD"}, amount("true")),
        (amount("1e2"), amount("100")),  # eBay writes plain decimals; whatever else is text
        ({"imageUrls": ["a", "b"]}, {"imageUrls": ["b", "a"]}),  # the first picture is the one that buyers see
        ({"fulfillmentHrefs": [href("999")]}, {"fulfillmentHrefs": [href("999"), href("999")]}),
        ({"refunds": [{}]}, {"refunds": []}),
        ("A", "a"),
        ("\u00e9", "e\u0301"),
    ],
)
def test_these_do_not_say_the_same(one: Any, other: Any) -> None:
    assert not same(one, other)


def test_lastmodifieddate_is_no_content_of_an_order_and_only_there() -> None:
    assert normal(Kind.ORDER, {"lastModifiedDate": "2026-01-01T00:00:00.000Z"}) == {}
    assert normal(Kind.INVENTORY, {"lastModifiedDate": "x"}) == {"lastModifiedDate": "x"}
    assert not same({"lastModifiedDate": "x"}, {"lastModifiedDate": "y"})


def test_an_item_of_a_single_read_is_that_of_the_list() -> None:
    single = item(
        availability={"shipToLocationAvailability": {"quantity": 3, "allocationByFormat": {"auction": 0, "fixedPrice": 3}}},
        packageWeightAndSize={"packageType": "LETTER", "shippingIrregular": False, "weight": {"value": 1.75, "unit": "POUND"}},
    )
    before = copy.deepcopy(single)

    assert list_view(single) == item()
    assert digest(Kind.INVENTORY, single) == digest(Kind.INVENTORY, item())
    assert single == before


@given(KINDS, OBJECTS)
def test_a_document_that_went_through_json_text_is_the_same(kind: Kind, document: Document) -> None:
    assert digest(kind, json.loads(json.dumps(document))) == digest(kind, document)


@given(KINDS, OBJECTS, OBJECTS)
def test_equal_digests_and_no_changed_field_are_one_thing(kind: Kind, one: Document, other: Document) -> None:
    assert (digest(kind, one) == digest(kind, other)) == (changed_fields(kind, one, other) == ())


def longer(value: Any) -> Any:
    """1.5 as 001.500"""
    plain = isinstance(value, str) and re.fullmatch(r"[0-9]+\.[0-9]+", value)
    return f"00{value}00" if plain else value


def respelt(value: Any, dice: random.Random, name: str = "") -> Any:
    """The same content in other bytes: keys and rows shuffled, numbers and amounts rewritten, nulls added."""
    if isinstance(value, dict):
        pairs = [(key, respelt(inner, dice, key)) for key, inner in value.items()]
        if isinstance(value.get("currency"), str):
            pairs = [(key, longer(inner) if key == "value" else inner) for key, inner in pairs]
        pairs += [(f"new{number}", dice.choice([None, "", [], {}, {"inner": None}])) for number in range(dice.randrange(3))]
        dice.shuffle(pairs)
        return dict(pairs)
    if isinstance(value, list):
        rows = [respelt(inner, dice) for inner in value]
        if name in UNORDERED:
            dice.shuffle(rows)
        return rows
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        return float(value)
    return dice.choice([None, "", [], {}]) if value in (None, "") else value


@given(spoiled(order()), st.randoms(use_true_random=False))
def test_the_same_content_in_other_bytes_is_the_same(document: Document, dice: random.Random) -> None:
    other = respelt(document, dice)

    assert digest(Kind.ORDER, document) == digest(Kind.ORDER, other)


@given(KINDS, JSON)
def test_a_document_is_never_touched(kind: Kind, value: Any) -> None:
    document = {"availability": value, "packageWeightAndSize": {"packageType": value}, "fulfillmentHrefs": [value], "x": value}
    before = json.dumps(document)

    digest(kind, document)

    assert json.dumps(document) == before


@pytest.mark.parametrize("levels", [60, 900, 5_000])
@pytest.mark.parametrize("shape", ["objects", "lists", "both"])
@pytest.mark.parametrize("name", ["a", "lineItems"])
def test_a_document_of_any_depth_is_compared(levels: int, shape: str, name: str) -> None:
    value = nested(levels, name=name, shape=shape)

    assert same(value, nested(levels, name=name, shape=shape))
    assert not same(value, nested(levels, end=2, name=name, shape=shape))
    assert not same(value, nested(levels + 2, name=name, shape=shape))


def test_the_order_of_keys_is_no_content_at_any_depth() -> None:
    assert same(nested(200, end={"a": 1, "b": 2}), nested(200, end={"b": 2, "a": 1}))


def test_deep_values_that_look_alike_as_text_are_told_apart() -> None:
    different = [{"a": "b"}, {"a": ["b"]}, ["a", "b"], ["a,b"], [["a"], "b"], [["a", "b"]], ["['a',]", "b"]]
    different += [[1], ["1"], [True], [None], [{}], [[]]]

    digests = {digest(Kind.ORDER, {"field": nested(200, end=value)}) for value in different}

    assert len(digests) == len(different)


def test_a_number_too_long_to_be_written_is_compared() -> None:
    assert same(10**5000, 10**5000)
    assert not same(10**5000, 10**5000 + 1)
    assert same({"value": 10**5000, "currency": "USD"}, {"value": 10**5000, "currency": "USD"})


def test_a_long_row_of_digits_takes_no_time() -> None:
    hostile = "0" * 1_000_000 + "x"

    assert not same(amount(hostile), amount("0"))
    assert not same(amount("1e999999999"), amount("1"))
