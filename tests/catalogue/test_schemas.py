"""A schema holds what the contract promises, and refuses nothing that eBay may send."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from jsonschema_rs import Draft202012Validator, meta
from pydantic import ValidationError

from domain.delivery import TYPES, compose
from operations.catalogue.lens import Amount
from operations.catalogue.reading import EVENTS, read_delivery, read_event
from operations.catalogue.samples import other_samples, sample, trial_event
from operations.catalogue.schemas import AS_SENT, MAJOR, definitions, schema_of
from operations.catalogue.shapes import ThinEvent
from operations.catalogue.typescript import types_of
from tests.catalogue.documents import data_of, errors, validator
from tests.support.examples import examples

ENVELOPE = [
    *("id", "position", "seller_id", "sequence", "type", "entity_id", "version", "occurred_at", "detected_at", "source", "changed"),
    *("previous", "data"),
]
SAMPLES = [one for type_ in EVENTS for one in (sample(type_), *other_samples(type_))]
BAD = {
    "position": 0,
    "sequence": "1",
    "version": -1,
    "occurred_at": "yesterday",
    "source": "rumour",
    "changed": {},
    "previous": [],
    "id": 7,
}
IDS = {"order": "orderId", "fulfillment": "fulfillmentId", "offer": "offerId"}
OF_EBAY = [one for one in SAMPLES if one["type"].partition(".")[0] in (*IDS, "inventory") and one["type"] != "inventory.sold"]
HELD = Path(__file__).parent / f"fields_of_version_{MAJOR}.txt"
values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False, allow_infinity=False) | some.text(max_size=8),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def test_there_is_one_for_each_type_of_the_contract() -> None:
    assert set(EVENTS) == set(TYPES)
    for type_ in EVENTS:
        schema = schema_of(type_)
        meta.validate(schema)
        assert schema["$id"] == f"urn:sellerbeat:event:{type_}:{schema['version']}"
        assert set(schema["required"]) == set(ENVELOPE)
        assert schema["properties"]["type"]["const"] == type_


@pytest.mark.parametrize("event", SAMPLES, ids=[f"{one['type']} {one['entity_id']}" for one in SAMPLES])
def test_a_sample_is_valid_and_each_field_of_it_is_known_and_fits(event: dict[str, Any]) -> None:
    closed = Draft202012Validator(_closed(schema_of(event["type"])))

    assert errors(event) == []
    assert [error.message for error in closed.iter_errors(event)] == []
    assert getattr(data_of(event), "misfits", ()) == ()


def _closed(value: Any) -> Any:
    """The schema without the branches that take anything, and without room for fields that it does not name."""
    if isinstance(value, list):
        return [_closed(one) for one in value if not str(one.get("$ref") if isinstance(one, dict) else "").endswith(AS_SENT)]
    if not isinstance(value, dict):
        return value
    shut = {name: _closed(one) for name, one in value.items()}
    return shut | {"additionalProperties": False} if shut.get("properties") and shut.get("title") else shut


@pytest.mark.parametrize("type_", EVENTS)
def test_an_event_that_lacks_a_field_of_the_contract_or_has_a_wrong_one_is_not_valid(type_: str) -> None:
    event = sample(type_)
    lacking = [{name: value for name, value in event.items() if name != left_out} for left_out in ENVELOPE]
    wrong = [event | {name: value} for name, value in BAD.items()] + [event | {"type": "order.vanished"}, event | {"data": "{}"}]

    assert [one for one in (*lacking, *wrong) if validator(type_).is_valid(one)] == []


@pytest.mark.parametrize("type_", EVENTS)
def test_what_is_wrong_with_an_event_is_told_by_the_fields_name_and_never_by_its_value(type_: str) -> None:
    with pytest.raises(ValidationError) as caught:
        read_event(sample(type_) | {"position": "canary-7f3a"})

    assert "position" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_an_amount_is_a_decimal_however_it_is_written_and_no_wrong_one_is_told() -> None:
    amount = Amount.model_validate({"value": "120.0", "currency": "USD"})
    with pytest.raises(ValidationError) as caught:
        Amount.model_validate({"value": "canary-7f3a"})

    assert amount.value == Decimal("120.00")
    assert "value" in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize("type_", [one for one in EVENTS if one.partition(".")[0] in ("seller", "alert") or one == "inventory.sold"])
def test_data_of_our_own_is_whole(type_: str) -> None:
    event = sample(type_)
    fields = [name for name in event["data"] if name != "runbook"]
    lacking = [event | {"data": {name: value for name, value in event["data"].items() if name != left_out}} for left_out in fields]

    assert [one for one in lacking if validator(type_).is_valid(one)] == []


def test_only_what_the_contract_says_may_be_of_nobody() -> None:
    nobody = {type_ for type_ in EVENTS if not errors(sample(type_) | {"seller_id": None, "sequence": None})}

    assert nobody == {"seller.removed", "alert.opened", "alert.closed"}


@settings(max_examples=examples(30), deadline=None, database=None)
@given(data=some.data())
def test_fields_that_nobody_knows_make_no_event_invalid(data: some.DataObject) -> None:
    event = data.draw(some.sampled_from(SAMPLES).map(copy.deepcopy))
    for inside in _objects(event):
        if data.draw(some.integers(0, 3)) == 0:
            inside.update(
                {f"x-{name}": value for name, value in data.draw(some.dictionaries(some.text(max_size=6), values, max_size=2)).items()}
            )

    assert errors(event) == []
    assert getattr(data_of(event), "as_sent", event["data"]) == event["data"]


def _objects(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [found for one in value for found in _objects(one)]
    return [value, *(found for one in value.values() for found in _objects(one))] if isinstance(value, dict) else []


@settings(max_examples=examples(50), deadline=None, database=None)
@given(data=some.data())
def test_no_form_of_a_field_of_ebays_makes_an_event_invalid_or_unreadable(data: some.DataObject) -> None:
    event = copy.deepcopy(data.draw(some.sampled_from(OF_EBAY)))
    own = IDS.get(event["type"].partition(".")[0]) or ("itemId" if "itemId" in event["data"] else "sku")
    for inside in _objects(event["data"]):
        for name in list(inside):
            if (inside is not event["data"] or name != own) and data.draw(some.integers(0, 5)) == 0:
                inside[name] = data.draw(values)
    read = data_of(event)

    assert errors(event) == []
    assert getattr(read, own) == event["data"][own]
    assert read.as_sent == event["data"]


@pytest.mark.parametrize("type_", EVENTS)
def test_what_an_endpoint_gets_is_described_whole_and_thin(type_: str) -> None:
    schema = schema_of(type_)
    delivered = Draft202012Validator(
        {"$ref": f"#/$defs/{schema['title']}Delivery"} | {"$schema": schema["$schema"], "$defs": _rooted(schema)}, validate_formats=True
    )
    large = trial_event(type_) | {"previous": {"title": "x" * 20_000}}
    whole, thin = compose(sample(type_), thin=True), compose(large, thin=True)

    assert (whole.thin, thin.thin) == (False, True)
    for message in (whole, thin):
        assert [error.message for error in delivered.iter_errors(json.loads(message.body))] == []
    assert isinstance(read_delivery(json.loads(whole.body)), EVENTS[type_])
    read = read_delivery(json.loads(thin.body))
    assert isinstance(read, ThinEvent)
    assert read.is_test
    assert read.feed.startswith("/v1/changes?")


def _rooted(schema: dict[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in definitions().items() if name in schema["$defs"] or name == schema["title"]}


def test_no_field_of_this_version_goes_or_changes_its_type() -> None:
    """An optional field more: raise SCHEMA_VERSION's second number and add its line. Anything else: a new version beside this one."""
    held = HELD.read_text(encoding="utf-8").splitlines()
    now = fields()

    assert len(held) > 400
    assert sorted(set(held) - set(now)) == []
    assert sorted(set(now) - set(held)) == []


def fields() -> list[str]:
    """`Order.lineItems: LineItem[] | null`; what is always there is `required`."""
    return [
        f"{name}.{field}: {types_of(inner)}{' required' if field in schema.get('required', ()) else ''}"
        for name, schema in sorted(definitions().items())
        if not name.endswith((AS_SENT, "Delivery"))
        for field, inner in sorted(schema["properties"].items())
    ]
