"""Enrolling the demo's sellers, as a user would, and asking for polls."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterable

from demo_stack.demo.errors import DemoError
from demo_stack.demo.home import HOUSE
from demo_stack.demo.sellers import SELLERS
from demo_stack.demo.world import SimulatedEbay
from settings import read_environment
from store import Store
from workflows.client import connect, handle
from workflows.messages import PollNow
from workflows.seller_polling import SellerPolling

BACKFILL = "30d"  # more than the world's history
NAMES = [seller.name for seller in SELLERS]


def check_database(store: Store, new_world: bool) -> None:
    """A database named by a setting must be for this demo alone: other sellers' tokens must not be tried at a simulated eBay.

    Raises:
        DemoError: it has sellers that are not ours.
    """
    enrolled = store.enrolled()
    if others := sorted(set(enrolled) - set(NAMES)):
        raise DemoError(
            f"the database has sellers that are not the demo's, such as {others[0]}: name another one in SELLERBEAT_DATABASE_URL"
        )
    if enrolled and new_world:
        raise DemoError("the database has the sellers of a demo in another folder: name another one in SELLERBEAT_DATABASE_URL")


def enroll(store: Store, world: SimulatedEbay) -> list[str]:
    """Those who are not enrolled yet, by one command. Returns who they are.

    Raises:
        DemoError: it failed.
    """
    missing = [name for name in NAMES if name not in store.enrolled()]
    if missing:
        rows = ["seller_id,refresh_token,backfill", *(f"{name},{world.refresh_token(name)},{BACKFILL}" for name in missing)]
        command = [sys.executable, str(HOUSE / "starter.py"), "enroll", "--from", "-"]
        said = subprocess.run(
            command, input="\n".join(rows), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False
        )
        if said.returncode != 0:
            raise DemoError(f"{', '.join(missing)} could not be enrolled: {said.stdout.strip()}")
    return missing


def poll_now(sellers: Iterable[str]) -> None:
    """All streams of these sellers, by polls that begin from now on."""

    async def signal() -> None:
        client = await connect(read_environment())
        for seller in sellers:
            await handle(client, seller).signal(SellerPolling.poll_now, PollNow())

    asyncio.run(signal())
