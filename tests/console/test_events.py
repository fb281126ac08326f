"""The catalogue of events from the command line, and a sample of one sent to an endpoint."""

from __future__ import annotations

import json

from standardwebhooks import Webhook

from domain.delivery import TYPES
from operations.catalogue.reading import read_delivery
from operations.catalogue.samples import sample
from operations.catalogue.schemas import schema_of
from operations.catalogue.shapes import OrderRefunded
from tests.catalogue.documents import errors
from tests.support.house import House
from tests.support.receivers import Receiver, answering

LOOPBACK = {"SELLERBEAT_DELIVERY_LOOPBACK": "true"}


def test_every_type_is_listed_and_one_is_shown_with_its_sample_or_its_schema(house: House) -> None:
    listed = house.command("events", "--json").objects
    one = house.command("events", "inventory.updated")
    schema = house.command("events", "order.created", "--schema")

    assert [row["type"] for row in listed] == list(dict.fromkeys(row["type"] for row in listed))
    assert {row["type"] for row in listed} == set(TYPES)
    assert house.command("events", "order.refunded", "--json").object["sample"] == sample("order.refunded")
    assert '"entity_id": "listing:' in one.out
    assert json.loads(schema.out) == house.command("events", "order.created", "--schema", "--json").object == schema_of("order.created")


def test_a_type_that_is_none_is_named_with_one_that_is_near(house: House) -> None:
    assert "did you mean order.created?" in house.command("events", "order.creatd").failure(2)
    assert "more than one type" in house.command("events", "order.*").failure(2)
    assert "TYPE" in house.command("events", "--schema").failure(2)
    assert "did you mean order.refunded?" in house.command("endpoint", "test", "ep-1", "--type", "order.refundd").failure(2)


def test_a_sample_is_sent_to_an_endpoint_signed_and_marked_as_a_test(house: House) -> None:
    with Receiver(answering(204)) as receiver:
        added = house.command("endpoint", "add", receiver.url, "--json", variables=LOOPBACK).object
        said = house.command("endpoint", "test", added["id"], "--type", "order.refunded", "--json", variables=LOOPBACK).object
    house.store.endpoints.remove(added["id"])
    (post,) = receiver.posts
    content = Webhook(added["secret"]).verify(post.body, dict(post.headers))
    event = read_delivery(content)

    assert (said["outcome"], said["event_id"], post.headers["webhook-id"]) == ("delivered", content["data"]["id"], content["data"]["id"])
    assert content["type"] == "order.refunded"
    assert isinstance(event, OrderRefunded)
    assert event.is_test
    assert errors(content["data"]) == []
    assert content["data"]["data"] == sample("order.refunded")["data"]
