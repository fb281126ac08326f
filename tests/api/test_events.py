"""The catalogue of events over HTTP."""

from __future__ import annotations

from jsonschema_rs import Draft202012Validator

from domain.delivery import TYPES
from domain.scopes import Scope
from operations.catalogue.samples import sample
from operations.catalogue.schemas import schema_of
from store import Store
from tests.api.worked import token
from tests.web.site import Site, refused


async def test_the_catalogue_has_every_type_with_a_schema_that_its_samples_fit(site: Site, store: Store) -> None:
    reader = token(store, Scope.FEED)
    async with site.visitor() as stranger:
        unasked = await stranger.get("/v1/events")
        found = (await stranger.get("/v1/events", headers=reader)).json()["events"]
        for one in found:
            answer = await stranger.get(one["schema_url"], headers=reader)
            schema = answer.json()
            assert answer.headers["content-type"] == "application/schema+json"
            assert (schema["$id"], schema["version"]) == (one["schema_id"], one["schema_version"])
            assert all(Draft202012Validator(schema).is_valid(event) for event in (one["sample"], *one["other_samples"]))

    refused(unasked, 401)
    assert {one["type"] for one in found} == set(TYPES)
    assert found[0].keys() == {"type", "title", "description", "schema_url", "schema_id", "schema_version", "sample", "other_samples"}


async def test_who_has_a_schema_is_told_that_it_is_the_same(site: Site) -> None:
    path = "/v1/events/order.created/schema.json"
    first = await site.program.get(path)
    again = await site.program.get(path, headers={"If-None-Match": first.headers["etag"]})
    weak = await site.program.get(path, headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'})
    other = await site.program.get("/v1/events/order.updated/schema.json", headers={"If-None-Match": first.headers["etag"]})

    assert first.json() == schema_of("order.created")
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
    assert (weak.status_code, other.status_code) == (304, 200)


async def test_a_schema_of_another_type_or_version_is_not_there(site: Site) -> None:
    words = refused(await site.program.get("/v1/events/order.vanished/schema.json"), 404)
    of_two = refused(await site.program.get("/v1/events/order.created/schema.json", params={"version": 2}), 404)
    of_none = refused(await site.program.get("/v1/events/order.created/schema.json", params={"version": "x"}), 422)
    of_one = await site.program.get("/v1/events/order.created/schema.json", params={"version": 1})

    assert "/v1/events" in words
    assert "version 1" in of_two
    assert "version" in of_none
    assert of_one.status_code == 200


async def test_the_description_has_a_webhook_a_type_whose_body_is_described_within(site: Site) -> None:
    described = (await site.program.get("/v1/openapi.json")).json()

    assert described["webhooks"].keys() == set(TYPES)
    for type_, methods in described["webhooks"].items():
        operation = methods["post"]
        content = operation["requestBody"]["content"]["application/json"]
        schema = Draft202012Validator(content["schema"] | {"components": described["components"]})
        whole = {"type": type_, "timestamp": sample(type_)["occurred_at"], "data": sample(type_)}
        assert {one["name"] for one in operation["parameters"]} == {"webhook-id", "webhook-timestamp", "webhook-signature"}
        assert (schema.is_valid(whole), schema.is_valid(content["example"])) == (True, True)
        assert not schema.is_valid(whole | {"data": {"id": "1"}})


async def test_an_endpoint_is_not_tried_with_a_type_that_is_none(site: Site, store: Store) -> None:
    endpoint, _ = store.endpoints.add("https://127.0.0.1:9/", ["*"], None, False)
    words = refused(await site.program.post(f"/v1/endpoints/{endpoint}/test", params={"type": "order.refundd"}), 422)

    assert "did you mean order.refunded?" in words
