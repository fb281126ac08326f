"""Faults that last: one record for ever, an API until it is started again."""

import httpx
import pytest

from simulator.poison import How, Where
from tests.simulator.conftest import Client, Code
from tests.support.manual_world import ManualWorld


def test_an_order_that_cannot_be_shown_spoils_each_page_that_holds_it_and_no_other(anna: Client, world: ManualWorld, code: Code) -> None:
    sick, other = world.place_order("anna"), world.place_order("anna")
    world.lasting.poison("anna", sick)

    page, alone = anna.orders(), anna.get(f"/sell/fulfillment/v1/order/{sick}")
    assert (code(page), code(alone)) == ((500, 30500), (500, 30500))
    assert anna.orders(orderIds=other).status_code == 200
    assert anna.orders(orderIds=f"{other},{sick}").status_code == 500

    world.lasting.cure(sick)
    assert anna.ids() == {sick, other}


@pytest.mark.parametrize(
    ("where", "listed", "among_others", "alone"),
    [
        (Where.ALONE, 200, 200, 502),
        (Where.NAMED, 200, 502, 502),
        (Where.LISTED, 502, 200, 200),
        (Where.IN_LISTS, 502, 502, 200),
    ],
)
def test_a_record_can_be_poison_in_some_requests_alone(
    anna: Client, world: ManualWorld, where: Where, listed: int, among_others: int, alone: int
) -> None:
    sick, other = world.place_order("anna"), world.place_order("anna")
    world.lasting.poison("anna", sick, how=How.GATEWAY, where=where)

    statuses = [anna.orders().status_code, anna.orders(orderIds=f"{other},{sick}").status_code, anna.orders(orderIds=sick).status_code]

    assert statuses == [listed, among_others, alone]


def test_the_other_sellers_and_resources_are_well(anna: Client, world: ManualWorld) -> None:
    order = world.place_order("anna")
    world.ship("anna", order)
    world.lasting.poison("anna", order, resources=["shipping_fulfillment"])
    world.lasting.poison("bert", order)

    assert anna.get(f"/sell/fulfillment/v1/order/{order}").status_code == 200
    assert anna.get(f"/sell/fulfillment/v1/order/{order}/shipping_fulfillment").status_code == 500


def test_an_api_that_is_down_answers_nobody_until_it_is_started_again(anna: Client, world: ManualWorld) -> None:
    world.lasting.stop("order", "token")
    assert anna.orders().status_code == 502
    assert anna.token(world.refresh_token("anna")).status_code == 502
    assert anna.get("/sell/inventory/v1/inventory_item").status_code == 200

    world.lasting.start()
    world.lasting.stop("order", share=0.5)
    assert {anna.orders().status_code for _ in range(20)} == {200, 502}


def test_who_is_silent_sends_nothing(anna: Client, world: ManualWorld) -> None:
    world.lasting.stop("order", how=How.SILENT)

    with pytest.raises(httpx.TransportError):
        anna.orders()
