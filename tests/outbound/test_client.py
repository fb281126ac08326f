"""A post ends within its time, whatever the receiver does, with a word for what happened."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from types import MappingProxyType

import pytest

from outbound import Client, ForbiddenTargetError, NoAnswerError, Policy
from tests.outbound.conftest import Opened
from tests.outbound.posting import what_comes
from tests.outbound.sockets import Tried
from tests.support.certificates import Authority
from tests.support.receivers import (
    SICK,
    Behaviour,
    Receiver,
    Talk,
    answering,
    cut,
    deaf,
    dripping_body,
    dripping_handshake,
    echoing,
    endless,
    endless_chunks,
    garbage_body,
    hanging,
    header_bomb,
    never_final,
    refusing,
    unending,
)
from tests.support.receivers import closing as closing_early
from tests.support.waiting import PATIENCE_S, eventually_here

Opening = Callable[[], AbstractContextManager[str]]
BOUND_S = 0.3
BREAKING = [
    {"Host": "inside"},
    {"content-length": "1"},
    {"Transfer-Encoding": "chunked"},
    {"x": "SECRET\r\nhost: inside"},
    {"x\r\n": "SECRET"},
    {"x": "SECRETä"},
    {"": "SECRET"},
]
SLACK_S = 30.0  # a busy machine's; who trickles never ends, so a time for each byte would have no end
ALSO_SICK: list[tuple[Behaviour, str]] = [
    (dripping_body, "timeout"),
    (unending, "timeout"),
    (cut, "reset"),
    (closing_early, "reset"),
    (header_bomb, "too_long"),
    (never_final, "too_long"),
]


@pytest.mark.parametrize(("receiver", "expected"), SICK.values(), ids=SICK)
def test_a_sick_receiver_costs_no_more_than_its_time(
    opened: Opened, receiver: Callable[[], AbstractContextManager[str]], expected: str | int
) -> None:
    client = opened(timeout_s=BOUND_S if expected == "timeout" else 60)
    with receiver() as url:
        began = time.monotonic()

        assert what_comes(client, url) == expected
        assert time.monotonic() - began < BOUND_S + SLACK_S


@pytest.mark.parametrize(("behave", "expected"), ALSO_SICK, ids=[behave.__name__ for behave, _ in ALSO_SICK])
def test_a_sicker_receiver_too(opened: Opened, behave: Behaviour, expected: str) -> None:
    client = opened(timeout_s=BOUND_S if expected == "timeout" else 60)
    with Receiver(behave) as receiver:
        began = time.monotonic()

        assert what_comes(client, receiver.url) == expected
        assert time.monotonic() - began < BOUND_S + SLACK_S


def test_a_receiver_that_takes_no_bytes_costs_no_more_than_its_time(opened: Opened) -> None:
    client = opened(timeout_s=BOUND_S)
    with Receiver(deaf) as receiver:
        assert what_comes(client, receiver.url, b"x" * 20_000_000) == "timeout"


def test_a_handshake_that_drips_costs_no_more_than_its_time(opened: Opened) -> None:
    client = opened(timeout_s=BOUND_S)
    with Receiver(dripping_handshake) as receiver:
        began = time.monotonic()

        assert what_comes(client, f"https://127.0.0.1:{receiver.port}/") == "timeout"
        assert time.monotonic() - began < BOUND_S + SLACK_S


def test_a_dns_that_hangs_costs_no_more_than_its_time(opened: Opened) -> None:
    never = threading.Event()
    client = opened(Policy(), timeout_s=BOUND_S, resolve=lambda host, port: [str(never.wait(PATIENCE_S))])

    assert what_comes(client, "https://hooks.example.com/") == "dns"
    never.set()


@pytest.mark.parametrize("answer", [OSError, UnicodeError, None])
def test_a_name_that_leads_nowhere_is_told(opened: Opened, answer: type[Exception] | None) -> None:
    def resolve(host: str, port: int) -> list[str]:
        if answer:
            raise answer("SECRET")
        return []

    client = opened(Policy(), resolve=resolve)

    with pytest.raises(NoAnswerError, match=r"^hooks.example.com: the name could not be resolved$") as missed:
        client.post("https://hooks.example.com/", b"{}", {})
    assert missed.value.kind == "dns"
    assert missed.value.took_ms > 0


def test_a_bug_of_a_resolver_is_loud(opened: Opened) -> None:
    nothing: dict[str, str] = {}
    client = opened(Policy(), resolve=lambda host, port: [nothing["missing"]])

    with pytest.raises(KeyError):
        client.post("https://hooks.example.com/", b"{}", {})


@pytest.mark.parametrize("behave", [endless, endless_chunks])
def test_of_an_endless_body_the_beginning_is_read(opened: Opened, behave: Behaviour) -> None:
    client = opened(most=5000)
    with Receiver(behave) as receiver:
        answer = client.post(receiver.url, b"{}", {})

        assert answer.status == 200
        assert set(answer.body) in ({ord("x")}, {ord("a")})
        assert len(answer.body) == 5000 or behave is endless_chunks
        assert len(client.idle.idle) == 0


def test_nobody_waits_for_what_comes_after_the_beginning(opened: Opened) -> None:
    def long_winded(talk: Talk) -> None:
        talk.read()
        talk.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n" + b"x" * 5000)
        talk.wait()

    client = opened(most=5000)
    with Receiver(long_winded) as receiver:
        assert client.post(receiver.url, b"{}", {}).body == b"x" * 5000


def test_an_encoded_body_is_not_unpacked(opened: Opened) -> None:
    client = opened()
    with Receiver(garbage_body) as receiver:
        answer = client.post(receiver.url, b"{}", {})

        assert (answer.status, answer.body) == (200, bytes(range(256)) * 4)
        assert receiver.posts[0].headers["accept-encoding"] == "identity"


def test_a_good_receiver_gets_what_was_posted(opened: Opened) -> None:
    client = opened()
    with Receiver(answering(202, headers={"X-One": "a", "x-Two": "b"}, body=b"thanks")) as receiver:
        answer = client.post(f"{receiver.url}/a?b=%20c", b'{"n": 1}', {"Webhook-Id": "evt_1", "content-type": "application/json"})

        [post] = receiver.posts
        assert (post.path, post.body) == ("/hook/a?b=%20c", b'{"n": 1}')
        assert (post.headers["webhook-id"], post.headers["host"]) == ("evt_1", f"127.0.0.1:{receiver.port}")
        assert (answer.status, answer.body, answer.headers["x-one"], answer.headers["x-two"]) == (202, b"thanks", "a", "b")
        assert 0 < answer.took_ms < 3000


@pytest.mark.parametrize("status", [200, 204, 400, 404, 410, 429, 500, 503])
def test_every_status_is_an_answer(opened: Opened, status: int) -> None:
    client = opened()
    with Receiver(answering(status, headers={"retry-after": "7"})) as receiver:
        answer = client.post(receiver.url, b"{}", {})

        assert (answer.status, answer.headers["retry-after"]) == (status, "7")


@pytest.mark.parametrize("headers", BREAKING)
def test_a_header_that_breaks_the_post_is_a_bug_and_tells_no_value(opened: Opened, headers: dict[str, str]) -> None:
    client = opened()
    with Receiver() as receiver:
        with pytest.raises(ValueError, match="headers that") as loud:
            client.post(receiver.url, b"{}", headers)

        assert "SECRET" not in str(loud.value)
        assert receiver.connections == 0


def test_no_error_tells_path_or_query(opened: Opened) -> None:
    client = opened(timeout_s=BOUND_S)
    with refusing() as url, pytest.raises(NoAnswerError) as missed:
        client.post(f"{url}/SECRET?SECRET", b"SECRET", {"x": "SECRET"})

    assert "SECRET" not in f"{missed.value!s} {missed.value!r} {missed.value.__dict__}"


def test_the_next_address_of_a_name_is_tried_where_nobody_listens(opened: Opened, tried: Tried) -> None:
    with Receiver() as receiver:
        client = opened(Policy(loopback=True), "127.0.0.2", "::1", "127.0.0.1")

        assert client.post(f"http://localhost:{receiver.port}/", b"{}", {}).status == 200
        assert tried.addresses == ["127.0.0.2", "::1", "127.0.0.1"]


def test_threads_that_share_a_client_each_get_their_own_answer(opened: Opened) -> None:
    client = opened()
    bodies = [f"{number}".encode() for number in range(200)]
    with Receiver(echoing) as receiver, ThreadPoolExecutor(2) as threads:
        answers = threads.map(lambda body: client.post(receiver.url, body, {}).body, bodies)

        assert list(answers) == bodies
        assert receiver.connections <= 2
        assert sorted(post.body for post in receiver.posts) == sorted(bodies)


def test_a_dead_receiver_delays_no_other(opened: Opened) -> None:
    client = opened()
    with Receiver() as well, ThreadPoolExecutor(1) as threads:
        with Receiver(hanging) as dead:
            waiting = threads.submit(what_comes, client, dead.url)
            eventually_here(lambda: dead.posts)

            assert [what_comes(client, well.url) for _ in range(20)] == [200] * 20
            assert not waiting.done()
        assert waiting.result() == "reset"


def test_the_systems_resolver_knows_localhost(authority: Authority) -> None:
    with Receiver() as receiver, closing(Client(Policy(loopback=True), verify=authority.client())) as client:
        assert client.post(f"http://localhost:{receiver.port}/", b"{}", MappingProxyType({})).status == 200


def test_an_address_is_judged_by_the_policy_of_the_client(opened: Opened) -> None:
    client = opened(Policy())
    with Receiver() as receiver:
        with pytest.raises(ForbiddenTargetError, match=r"^127.0.0.1: not https$"):
            client.post(receiver.url, b"{}", {})
        assert receiver.connections == 0
