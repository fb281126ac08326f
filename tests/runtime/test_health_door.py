"""A process without pages says over HTTP whether it is alive and ready."""

from __future__ import annotations

import socket
from typing import Any

import httpx
import pytest

from runtime.health_door import HealthBindError, health_door


def free() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"127.0.0.1:{taken.getsockname()[1]}"


async def test_it_answers_that_the_process_is_alive_and_with_503_while_it_is_not_ready() -> None:
    body: dict[str, Any] = {"ready": True, "findings": []}
    bind = free()
    async with health_door(bind, lambda: body), httpx.AsyncClient(base_url=f"http://{bind}") as browser:
        alive, ready = await browser.get("/healthz"), await browser.get("/readyz")
        head, other = await browser.head("/readyz"), await browser.post("/readyz")
        body["ready"] = False
        ill, lost = await browser.get("/readyz?x=1"), await browser.get("/")

    assert [(one.status_code, one.json()) for one in (alive, ready)] == [(200, {"alive": True}), (200, {"ready": True, "findings": []})]
    assert (ill.status_code, ill.json()["ready"], head.status_code, head.content) == (503, False, 200, b"")
    assert (other.status_code, lost.status_code) == (404, 404)


async def test_who_sends_no_question_or_too_long_a_one_ends_nothing() -> None:
    bind = free()
    async with health_door(bind, lambda: {"ready": True}):
        host, _, port = bind.partition(":")
        for sent in (b"", b"\r\n\r\n", b"\xff \xfe\r\n\r\n", b"x" * 100_000):
            with socket.create_connection((host, int(port))) as stranger:
                stranger.sendall(sent)
        async with httpx.AsyncClient() as browser:
            assert (await browser.get(f"http://{bind}/healthz")).status_code == 200


async def test_a_taken_address_is_said_by_its_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(HealthBindError, match=r"SELLERBEAT_HEALTH_BIND: cannot listen on 127\.0\.0\.1:\d+: "):
            async with health_door(f"127.0.0.1:{taken.getsockname()[1]}", dict):
                pass
