"""The check of our own address, in front of the site as it is served."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from uvicorn import Config, Server

from ebay.address_check import check_challenge, check_refusal
from simulator import World
from store import Store
from tests.inbox.letterbox import ADDRESS, TOKEN, Letterbox


@asynccontextmanager
async def served(store: Store, world: World, ebay_url: str, path: str = "") -> AsyncIterator[str]:
    """The site on loopback; yields the public address of its inbox. `path`: what it believes to stand in front of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    public = f"http://127.0.0.1:{listening.getsockname()[1]}"
    box = Letterbox(store, world, ebay_url, public_url=public + path)
    server = Server(Config(box.app, log_config=None, lifespan="off"))
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield public
    finally:
        server.should_exit = True
        await running
        await box.close()


@pytest.mark.parametrize("path", [ADDRESS, f"{ADDRESS}/", f"{ADDRESS}/anna", f"{ADDRESS}/anna/"])
async def test_our_own_site_is_as_ebay_expects(store: Store, world: World, ebay_url: str, path: str) -> None:
    async with served(store, world, ebay_url) as public:
        assert await check_challenge(public + path, TOKEN) is None
        assert await check_refusal(public + path) is None


async def test_a_site_with_another_token_or_public_address_is_found_out(store: Store, world: World, ebay_url: str) -> None:
    async with served(store, world, ebay_url) as public:
        token = await check_challenge(public + ADDRESS, "of-another-" * 4)
    async with served(store, world, ebay_url, "/elsewhere") as public:
        address = await check_challenge(public + ADDRESS, TOKEN)

    assert token == address
    assert (token or "").startswith("wrong digest: web.py has another SELLERBEAT_NOTIFICATION_TOKEN or SELLERBEAT_PUBLIC_URL")
