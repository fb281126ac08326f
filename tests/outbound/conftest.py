from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from outbound import Client, Policy
from tests.outbound.sockets import Tried, watched
from tests.support.certificates import Authority

Opened = Callable[..., Client]


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def tried() -> Iterator[Tried]:
    with watched() as all_of_it:
        yield all_of_it


@pytest.fixture
def opened(authority: Authority) -> Iterator[Opened]:
    """Makes clients that trust the tests' authority, and closes them."""
    with ExitStack() as clients:

        def make(policy: Policy = Policy(loopback=True), *answers: str, **settings: Any) -> Client:
            """`answers`: what the DNS says of every name; without any, asking it fails the test."""

            def resolve(host: str, port: int) -> list[str]:
                assert answers, f"{host} was asked for"
                return list(answers)

            defaults: dict[str, Any] = {"resolve": resolve, "timeout_s": 60, "verify": authority.client()}
            return clients.enter_context(closing(Client(policy, **(defaults | settings))))

        yield make
