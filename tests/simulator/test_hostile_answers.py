"""Answers that are not eBay's word: each switch alone, seen over HTTP. The ledger knows nothing of them."""

from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from simulator import Hostility
from simulator.wire import Wire
from tests.simulator.conftest import START, Client, Code
from tests.support.manual_world import ManualWorld
from tests.support.present import present
from tests.support.waiting import PATIENCE_S

ITEMS = "/sell/inventory/v1/inventory_item"


@pytest.fixture(autouse=True)
def something_to_read(world: ManualWorld) -> None:
    world.preload_skus("anna")
    for _ in range(30):
        world.place_order("anna")


def turn_on(world: ManualWorld, switch: str, **how: float) -> Hostility:
    world.hostility = Hostility(scale=0.01)
    for name, value in {switch: 1.0, **how}.items():
        world.hostility.set(name, value)
    return world.hostility


def test_failures_come_in_json_and_html(anna: Client, world: ManualWorld) -> None:
    turn_on(world, "failure")

    answers = [anna.orders() for _ in range(25)]

    kinds = {(answer.status_code, answer.headers["content-type"].split(";")[0]) for answer in answers}
    json, html = "application/json", "text/html"
    assert kinds == {(500, json), (500, html), (502, html), (503, html), (503, json)}
    assert anna.token(world.refresh_token("anna")).status_code >= 500
    assert present(world.hostility).done["failure"] == 26
    assert world.quotas.used["order"] == 0


def test_a_stray_429_leaves_the_quota_alone(anna: Client, world: ManualWorld, code: Code) -> None:
    turn_on(world, "too_many")

    answers = [anna.orders() for _ in range(12)]

    assert {code(answer) for answer in answers} == {(429, 2001)}
    assert {answer.headers.get("retry-after") for answer in answers} == {None, "1"}
    assert world.quotas.used["order"] == 0


def test_html_can_come_with_status_200(anna: Client, world: ManualWorld) -> None:
    turn_on(world, "html")

    answer = anna.orders()

    assert answer.status_code == 200
    assert answer.text.startswith("<!DOCTYPE html>")


def test_half_a_json_can_look_whole(anna: Client, world: ManualWorld) -> None:
    turn_on(world, "truncated")

    answer = anna.orders()

    assert answer.status_code == 200
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert not answer.text.endswith("}")


@pytest.mark.parametrize(("path", "true"), [("/sell/fulfillment/v1/order", 30), (ITEMS, 30)])
def test_the_total_can_be_wrong_while_the_rows_are_right(anna: Client, world: ManualWorld, path: str, true: int) -> None:
    turn_on(world, "wrong_total")

    pages = [anna.get(path, limit=200).json() for _ in range(10)]

    assert true not in {page["total"] for page in pages}
    assert {len(page.get("orders") or page["inventoryItems"]) for page in pages} == {true}


@pytest.mark.parametrize("limit", [10, 200])
def test_a_page_can_be_empty_and_have_a_next(anna: Client, world: ManualWorld, limit: int) -> None:
    hostility = turn_on(world, "empty_page")
    empty = [anna.orders(limit=limit).json(), anna.get(ITEMS, limit=limit).json()]
    hostility.empty_page = 0.0

    assert [page.get("orders", page.get("inventoryItems")) for page in empty] == [[], []]
    assert [page["total"] for page in empty] == [30, 30]
    for page in empty:
        following = page["next"].removeprefix("https://api.ebay.com")
        assert anna.http.get(following, headers=anna.headers()).json()["total"] == 30


def test_orders_asked_for_by_id_never_come_as_an_empty_page(anna: Client, world: ManualWorld) -> None:
    turn_on(world, "empty_page")
    ids = world.order_ids("anna")[:3]

    assert anna.ids(orderIds=",".join(ids)) == set(ids)


def test_answers_carry_warnings_and_fields_that_nobody_knows(anna: Client, world: ManualWorld) -> None:
    turn_on(world, "warnings")

    page = anna.orders().json()

    assert page["warnings"][0]["errorId"] == 30999
    assert page["pageToken"] is None
    assert len(page["orders"]) == 30
    assert anna.get(ITEMS).json()["warnings"]


def test_connections_are_reset_before_or_within_the_answer(anna: Client, world: ManualWorld) -> None:
    turn_on(world, "reset")
    seen: list[int] = []
    for _ in range(12):
        with pytest.raises(httpx.ReadError, match=r"(?i)reset"):
            read_in_pieces(anna, seen)

    assert 0 < len(seen) < 12
    assert set(seen) == {200}


def read_in_pieces(anna: Client, seen: list[int]) -> None:
    with anna.http.stream("GET", ITEMS, headers=anna.headers()) as answer:
        seen.append(answer.status_code)
        answer.read()


def test_bodies_end_before_their_content_length(anna: Client, world: ManualWorld) -> None:
    turn_on(world, "cut")

    for _ in range(6):
        with pytest.raises(httpx.RemoteProtocolError):
            anna.orders()


@pytest.mark.parametrize(
    ("wire", "error", "words"),
    [
        (Wire(after=100, end="reset"), httpx.ReadError, "reset"),
        (Wire(silent=True, end="reset"), httpx.ReadError, "reset"),
        (Wire(after=100, end="close"), httpx.RemoteProtocolError, "received 100 bytes"),
        (Wire(silent=True, end="close"), httpx.RemoteProtocolError, "without sending a response"),
    ],
)
def test_the_next_answer_can_be_broken_off(anna: Client, world: ManualWorld, wire: Wire, error: type[Exception], words: str) -> None:
    world.faults.break_off(wire, resource="order")
    assert anna.get(ITEMS).status_code == 200

    with pytest.raises(error, match=f"(?i){words}"):
        anna.orders()

    assert anna.orders().status_code == 200


def test_bodies_come_slowly(anna: Client, world: ManualWorld) -> None:
    turn_on(world, "slow", slow_s=20.0)

    answer = anna.orders()

    assert answer.elapsed >= timedelta(seconds=0.19)
    assert len(answer.json()["orders"]) == 30


def test_an_access_token_can_expire_between_two_pages_but_a_fresh_one_holds(anna: Client, world: ManualWorld, code: Code) -> None:
    hostility = turn_on(world, "expired")
    first = code(anna.orders(offset=10))
    anna.access = anna.token(world.refresh_token("anna")).json()["access_token"]
    second = anna.orders(offset=10).status_code
    third = code(anna.get(ITEMS))

    assert (first, second, third) == ((401, 1001), 200, (403, 1100))
    assert hostility.done["expired"] == 2


def test_a_refresh_token_is_revoked_once_and_a_new_consent_waits(anna: Client, world: ManualWorld) -> None:
    turn_on(world, "revoked")
    tokens = []
    present(world.hostility).on_revoked = lambda seller, token: tokens.append((seller, token))
    old = world.refresh_token("anna")
    assert anna.orders().status_code == 401
    assert anna.token(old).json()["error"] == "invalid_grant"

    new = anna.http.get("/simulator/sellers").json()["sellers"][0]["refresh_token"]
    anna.access = anna.token(new).json()["access_token"]

    assert tokens == [("anna", new)]
    assert [anna.orders().status_code for _ in range(5)] == [200] * 5


def test_the_date_header_is_a_little_behind_or_absent(anna: Client, world: ManualWorld) -> None:
    hostility = turn_on(world, "date_behind", scale=1.0)
    behind = {(START - parsedate_to_datetime(anna.orders().headers["date"])).total_seconds() for _ in range(20)}
    hostility.dateless = 1.0

    assert behind <= {0, 1, 2, 3, 4, 5}
    assert len(behind) >= 4
    assert "date" not in anna.orders().headers


def test_calm_makes_answers_true_again(anna: Client, world: ManualWorld) -> None:
    turn_on(world, "failure", reset=1.0, expired=1.0, wrong_total=1.0)

    anna.http.post("/simulator/calm")

    assert [anna.orders().json()["total"] for _ in range(3)] == [30, 30, 30]


def test_no_switch_that_spoils_answers_writes_a_version(anna: Client, world: ManualWorld) -> None:
    before = len(list(world.rows()))
    switches = ("failure", "too_many", "html", "truncated", "wrong_total", "empty_page", "warnings", "cut", "dateless", "expired")
    for switch in switches:
        turn_on(world, switch)
        with httpx.Client(base_url=anna.http.base_url, timeout=PATIENCE_S) as client:
            try:
                client.get("/sell/fulfillment/v1/order", headers=anna.headers())
            except httpx.HTTPError:
                assert switch == "cut"
        assert present(world.hostility).done[switch] == 1

    assert len(list(world.rows())) == before
