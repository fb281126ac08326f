"""The API by methods: all routes of the description, refusals as errors, repeats that do nothing twice, pages one after another."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as some
from sellerbeat import AsyncSellerbeat, ProblemError, Sellerbeat, TokenRefusedError, wire
from sellerbeat.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError, NotUnderstoodError, TooManyRequestsError

from docs.client_api import answers, api
from docs.described_api import described, operations
from domain.scopes import Scope
from tests.clients.conftest import Listening
from tests.store.documents import enroll
from tests.web.site import TOKEN

CLIENT = Path(__file__).parents[2] / "clients/python/sellerbeat"


@pytest.fixture
def beat(web: Listening) -> Iterator[Sellerbeat]:
    with Sellerbeat(web.url, TOKEN) as beat:
        yield beat


def test_the_methods_are_as_the_description_says() -> None:
    made = {"answers": answers(), "api": api(asynchronous=False), "async_api": api(asynchronous=True)}

    assert {name: (CLIENT / f"{name}.py").read_text(encoding="utf-8") for name in made} == made, "run `make docs`"


def methods(kind: type[Any]) -> dict[str, Any]:
    return {name: function for name, function in vars(kind).items() if inspect.isfunction(function) and not name.startswith("_")}


async def test_every_route_has_a_method_that_asks_it_and_an_answer_that_it_reads() -> None:
    asked: list[tuple[str, str]] = []
    paths = {path: re.compile(re.sub(r"\{\w+\}", r"[^/]+", path)) for _, path, _ in operations()}

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("?")[0]
        (found,) = [one for one, pattern in paths.items() if pattern.fullmatch(path)] or [path]
        asked.append((request.method, next((one for one in paths if one == path), found)))
        assert (request.method == "GET") is not ("idempotency-key" in request.headers)
        return httpx.Response(503, json={"code": "unavailable", "detail": "not now"}, headers={"retry-after": "99"})

    transport = httpx.MockTransport(answer)
    sync, asynchronous = Sellerbeat("http://a", "t", transport=transport), AsyncSellerbeat("http://a", "t", transport=transport)
    for name, method in methods(Sellerbeat).items():
        given = {
            one.name: "s/1" if one.kind is one.POSITIONAL_OR_KEYWORD else ["a"] if "Sequence" in str(one.annotation) else "a"
            for one in list(inspect.signature(method).parameters.values())[1:]
            if one.default is one.empty
        }
        with pytest.raises(ProblemError):
            list(method(sync, **given))
        found = getattr(asynchronous, name)(**given)
        with pytest.raises(ProblemError):
            await (anext(found) if inspect.isasyncgen(found) else found)
    routes = sorted((method.upper(), path) for method, path, _ in operations())

    assert len(routes) > 40
    assert sorted(asked[::2]) == sorted(asked[1::2]) == routes
    assert methods(Sellerbeat).keys() == methods(AsyncSellerbeat).keys()


def test_sellers_endpoints_and_tokens_are_steered_and_read(web: Listening, beat: Sellerbeat) -> None:
    for name in ("bert", "carla", "dora"):
        enroll(web.store, name)
    web.sell(1, 2, 3)

    assert [one.seller_id for one in beat.sellers(limit=2)] == ["anna", "bert", "carla", "dora"]
    anna = beat.seller("anna")
    assert (anna.state, anna.streams["orders"].failures) == ("polling", 0)
    assert [one.data and one.data["orderId"] for one in beat.snapshot("anna", "orders", limit=1)] == ["o-1", "o-2", "o-3"]
    assert len(beat.changes(type=["order.created"]).changes) == 3
    made = beat.add_endpoint(url="https://192.0.43.8/hooks", types=["order.*"])
    assert made.secret.startswith("whsec_")
    assert beat.change_endpoint(made.id, thin=True).thin
    assert [one.id for one in beat.endpoints().endpoints] == [made.id]
    beat.remove_endpoint(made.id)
    assert {act.action for act in beat.audit(limit=1)} >= {"endpoint.add", "endpoint.remove"}
    assert len(beat.event_types().events) > 20
    assert beat.event_schema("order.created")["$id"]


async def test_the_same_without_waiting(web: Listening) -> None:
    for name in ("bert", "carla"):
        enroll(web.store, name)
    async with AsyncSellerbeat(web.url, TOKEN) as beat:
        found = [one.seller_id async for one in beat.sellers(limit=1)]
        token = await beat.create_token(name="shop", scope="read")
        listed = await beat.tokens()

    assert found == ["anna", "bert", "carla"]
    assert token.token.startswith("sb_")
    assert [one.name for one in listed.tokens] == ["shop"]


def test_refusals_are_errors_with_their_code(web: Listening, beat: Sellerbeat) -> None:
    made = web.store.api_tokens.create("reader", Scope.READ, by="os:test", ebay=False, sellers=())
    beat.create_token(name="shop", scope="feed")
    with Sellerbeat(web.url, made.token) as reader, Sellerbeat(web.url, "sb_none") as nobody:
        refused: list[tuple[type[ProblemError], str, Any]] = [
            (NotFoundError, "unknown_seller", lambda: beat.seller("nobody")),
            (InvalidError, "invalid", lambda: beat.speed_up("anna", every="now", for_="1h")),
            (ConflictError, "conflict", lambda: beat.create_token(name="shop", scope="feed")),
            (ForbiddenError, "scope_lacking", lambda: reader.pause("anna")),
            (TokenRefusedError, "unauthorized", lambda: nobody.seller("anna")),
        ]
        for kind, code, act in refused:
            with pytest.raises(kind) as raised:
                act()
            assert raised.value.code == code
            assert raised.value.detail
            assert "\n" not in str(raised.value)


def answering(*answers: httpx.Response | Exception) -> tuple[Sellerbeat, list[httpx.Request]]:
    left, asked = list(answers), list[httpx.Request]()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        one = left.pop(0)
        if isinstance(one, Exception):
            raise one
        return one

    return Sellerbeat("http://a", "sb_secret", transport=httpx.MockTransport(answer)), asked


PAUSED = httpx.Response(200, json={"seller_id": "s", "state": "paused", "reason": "r", "until": None, "by": "token:a", "new": 1})


def test_a_write_is_repeated_under_its_key_until_it_is_answered() -> None:
    running = httpx.Response(409, json={"code": "running", "detail": "in hand"}, headers={"retry-after": "0"})
    away = httpx.Response(503, json={"code": "unavailable", "detail": "away"}, headers={"retry-after": "0"})
    beat, asked = answering(httpx.ReadError("cut off"), away, running, PAUSED)

    paused = beat.pause("s", reason="stock-take")

    assert (paused.state, paused.model_extra) == ("paused", {"new": 1})
    assert len({one.headers["idempotency-key"] for one in asked}) == 1
    assert {json.loads(one.content)["reason"] for one in asked} == {"stock-take"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(429, json={"code": "quota", "detail": "spent"}, headers={"retry-after": "40000"}), TooManyRequestsError),
        (httpx.Response(409, json={"code": "done_already", "detail": "done"}), ConflictError),
        (httpx.Response(500, text="oh"), ProblemError),
        (httpx.Response(200, json={"seller_id": "s"}), NotUnderstoodError),
    ],
)
def test_what_another_try_would_not_mend_is_an_error_at_once(answer: httpx.Response, error: type[Exception]) -> None:
    beat, asked = answering(answer)

    with pytest.raises(error) as raised:
        beat.pause("s")

    assert len(asked) == 1
    assert "sb_secret" not in str(raised.value)


def test_what_a_proxy_spoils_is_asked_again_and_what_is_no_page_is_said() -> None:
    spoilt = httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"cut off"))
    beat, asked = answering(spoilt, httpx.Response(200, json=["a page of another kind"]))

    with pytest.raises(NotUnderstoodError, match="no page of sellers"):
        list(beat.sellers())

    assert len(asked) == 2


def test_a_call_that_waits_is_given_its_wait_and_time_to_answer() -> None:
    page = {"changes": [], "next": 0, "feed": "0"}
    beat, asked = answering(httpx.Response(200, json=page), httpx.Response(200, json=page))

    beat.changes(wait="60s")
    beat.changes()

    assert [one.extensions["timeout"]["read"] for one in asked] == [90.0, 30.0]


def test_ids_are_written_so_that_they_lead_nowhere_else() -> None:
    beat, asked = answering(PAUSED)

    beat.pause("../tokens?x=/é")

    assert unquote(asked[0].url.raw_path.decode()) == "/v1/sellers/../tokens?x=/é/pause"
    assert asked[0].url.raw_path.count(b"/") == 4


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False) | some.text(),
    lambda inner: some.lists(inner) | some.dictionaries(some.text(), inner),
)


@given(JSON)
@example("\ud800")
@example(10**400)
@example(float("inf"))
def test_answers_are_read_as_the_standard_library_reads_them(value: object) -> None:
    assert wire.read_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize("id_", ["", ".", ".."])
def test_what_is_no_id_reaches_no_other_route(beat: Sellerbeat, id_: str) -> None:
    """Of `/v1/sellers/../pause` a client makes `/v1/pause`, which pauses everybody."""
    with pytest.raises(ValueError, match="is no id"):
        beat.pause(id_, reason="holiday")


def test_the_description_has_a_word_for_every_method() -> None:
    assert described()["paths"]
    assert all(function.__doc__ for kind in (Sellerbeat, AsyncSellerbeat) for function in methods(kind).values())
