from datetime import timedelta

from simulator.times import iso
from tests.simulator.conftest import Client, Code
from tests.support.manual_world import ManualWorld


def test_a_spent_quota_is_429_until_midnight_in_california(anna: Client, world: ManualWorld, code: Code) -> None:
    world.quotas.limits["order"] = 2
    assert [anna.orders().status_code for _ in range(2)] == [200, 200]

    refused = anna.orders()
    assert code(refused) == (429, 2001)
    assert "retry-after" not in refused.headers
    assert anna.get("/sell/inventory/v1/inventory_item").status_code == 200
    reset = iso(world.quotas.reset_ms)
    world.clock.advance(hours=19)
    anna.access = anna.token(world.refresh_token("anna")).json()["access_token"]

    assert reset == "2026-06-19T07:00:00.000Z"
    assert anna.orders().status_code == 200


def test_rate_limit_tells_what_is_left(anna: Client, world: ManualWorld) -> None:
    anna.orders()
    anna.access = anna.post_token({"grant_type": "client_credentials"}).json()["access_token"]

    (limits,) = anna.get("/developer/analytics/v1_beta/rate_limit/", api_context="sell", api_name="fulfillment").json()["rateLimits"]

    assert limits["apiName"] == "Fulfillment"
    rate = {"count": 1, "limit": 100_000, "remaining": 99_999, "reset": "2026-06-19T07:00:00.000Z", "timeWindow": 86_400}
    assert limits["resources"][0] == {"name": "sell.fulfillment.order", "rates": [rate]}
    assert anna.get("/developer/analytics/v1_beta/rate_limit/", api_name="nothing").status_code == 204


def test_minting_tokens_has_a_quota_too(anna: Client, world: ManualWorld, code: Code) -> None:
    world.quotas.limits["token:refresh_token"] = 1

    assert code(anna.token(world.refresh_token("anna"))) == (429, 2001)


def test_retry_after_comes_only_when_switched_on(anna: Client, world: ManualWorld) -> None:
    world.quotas.limits["order"], world.faults.retry_after_s = 0, 30

    assert anna.orders().headers["retry-after"] == "30"


def test_calls_are_counted_by_seller_and_resource(anna: Client, world: ManualWorld) -> None:
    order_id = world.place_order("anna")
    anna.orders()
    anna.orders(limit=999)
    anna.get(f"/sell/fulfillment/v1/order/{order_id}/shipping_fulfillment")

    counted = anna.http.get("/simulator/counters").json()

    assert counted["calls"] == {"anna": {"order": 2, "shipping_fulfillment": 1, "token:refresh_token": 1}}
    assert world.calls["anna", "order"] == 2
    assert [(request.resource, request.status) for request in world.requests][-2:] == [("order", 400), ("shipping_fulfillment", 200)]


def test_every_third_call_can_fail(anna: Client, world: ManualWorld, code: Code) -> None:
    world.faults.fail_every = 3

    answers = [anna.orders() for _ in range(6)]

    assert [answer.status_code for answer in answers] == [200, 200, 500, 200, 200, 500]
    assert code(answers[2]) == (500, 30500)


def test_answers_can_be_forced(anna: Client, world: ManualWorld) -> None:
    world.faults.force(503, "<html>", times=2, resource="order")

    seen = [anna.get("/sell/inventory/v1/inventory_item"), anna.orders(), anna.orders(), anna.orders()]

    assert [answer.status_code for answer in seen] == [200, 503, 503, 200]


def test_a_hook_may_change_the_world_before_each_answer(anna: Client, world: ManualWorld) -> None:
    world.faults.before_answer = lambda request: world.place_order("anna")

    assert [anna.orders().json()["total"] for _ in range(3)] == [1, 2, 3]


def test_an_answer_can_be_slow(anna: Client, world: ManualWorld) -> None:
    world.faults.latency_s = lambda request: 0.05

    assert anna.orders().elapsed >= timedelta(seconds=0.05)


def test_paths_that_ebay_does_not_know_are_404(anna: Client) -> None:
    assert anna.get("/sell/fulfillment/v1/orders").status_code == 404
    assert anna.http.put("/sell/fulfillment/v1/order", headers=anna.headers()).status_code == 404
