"""Connections: the good ones are used again, and nothing that came on one before answers a later post."""

from __future__ import annotations

import threading

import pytest

from tests.outbound.conftest import Opened
from tests.outbound.posting import what_comes
from tests.support.certificates import Authority
from tests.support.receivers import Receiver, Talk
from tests.support.receivers import closing as closing_early
from tests.support.waiting import PATIENCE_S, eventually


def test_a_connection_is_kept(opened: Opened) -> None:
    client = opened()
    with Receiver() as receiver:
        assert [client.post(receiver.url, b"{}", {}).status for _ in range(20)] == [200] * 20
        assert receiver.connections == 1


@pytest.mark.parametrize("secure", [False, True])
def test_a_kept_connection_that_was_closed_meanwhile_is_made_anew(authority: Authority, opened: Opened, secure: bool) -> None:
    def once(talk: Talk) -> None:
        talk.read()
        talk.answer(200)

    client = opened()
    with Receiver(once, authority.server("127.0.0.1") if secure else None) as receiver:
        assert [client.post(receiver.url, b"{}", {}).status for _ in range(5)] == [200] * 5
        assert receiver.connections == 5
        assert len(receiver.posts) == 5


@pytest.mark.parametrize("secure", [False, True])
def test_a_kept_connection_that_closes_with_the_next_post_is_tried_once_more(authority: Authority, opened: Opened, secure: bool) -> None:
    def answers_once(talk: Talk) -> None:
        talk.read()
        talk.answer(200)
        talk.read()  # the next post, and then closes

    client = opened()
    with Receiver(answers_once, authority.server("127.0.0.1") if secure else None) as receiver:
        assert [client.post(receiver.url, b"{}", {}).status for _ in range(2)] == [200, 200]
        assert receiver.connections == 2
        assert len(receiver.posts) == 3


def test_a_new_connection_that_closes_is_not_tried_again(opened: Opened) -> None:
    client = opened()
    with Receiver(closing_early) as receiver:
        assert what_comes(client, receiver.url) == "reset"
        assert receiver.connections == 1


@pytest.mark.parametrize("surplus", [b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n", b"HTTP/1.1 410 Gone\r\nx: "])
def test_what_came_unasked_on_a_kept_connection_answers_no_post(opened: Opened, surplus: bytes) -> None:
    def twice(talk: Talk) -> None:
        while talk.read():
            talk.send(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n" + surplus)

    client = opened()
    with Receiver(twice) as receiver:
        assert [client.post(receiver.url, b"{}", {}).status for _ in range(3)] == [200] * 3


async def test_a_farewell_on_a_kept_connection_answers_no_post(opened: Opened) -> None:
    idle = threading.Event()

    def farewell(talk: Talk) -> None:  # as load balancers say it to who is idle
        talk.read()
        talk.answer(200)
        idle.wait(PATIENCE_S)
        talk.answer(408)
        talk.wait()

    client = opened()
    with Receiver(farewell) as receiver:
        assert client.post(receiver.url, b"{}", {}).status == 200
        idle.set()
        await eventually(client.idle.idle[0].line.is_readable)

        assert client.post(receiver.url, b"{}", {}).status == 200
        assert receiver.connections == 2


def test_only_so_many_connections_are_kept(opened: Opened) -> None:
    client = opened()
    client.idle.most = 2
    with Receiver() as one, Receiver() as two, Receiver() as three:
        for receiver in (one, two, three, three, two, one):
            client.post(receiver.url, b"{}", {})

        assert len(client.idle.idle) == 2
        assert [one.connections, two.connections, three.connections] == [2, 1, 1]


def test_a_closed_client_keeps_nothing(opened: Opened) -> None:
    client = opened()
    with Receiver() as receiver:
        client.post(receiver.url, b"{}", {})
        client.close()

        assert client.post(receiver.url, b"{}", {}).status == 200
        assert len(client.idle.idle) == 0
        assert receiver.connections == 2
