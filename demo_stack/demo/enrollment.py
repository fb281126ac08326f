"""Enrolling the demo's sellers, as a user would, and asking for polls."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence

from demo_stack.demo.errors import DemoError
from demo_stack.demo.home import HOUSE
from demo_stack.demo.sellers import SELLERS
from settings import read_environment
from store import Store
from workflows.client import connect, handle
from workflows.messages import PollNow
from workflows.seller_polling import SellerPolling

BACKFILL = "30d"  # more than the world's history
NAMES = [seller.name for seller in SELLERS if seller.connected]


def accounts_of(store: Store, user_ids: Mapping[str, str]) -> dict[str, str]:
    """The account at the simulated eBay of each enrolled seller: whoever connects one on the page chooses an id of their own for it.

    Args:
        user_ids: names of the accounts by eBay's id of them.
    """
    known, found = store.accounts.all(), dict[str, str]()
    for seller in store.enrolled():
        account = user_ids.get(known[seller]) if seller in known else seller
        if account is not None and account in user_ids.values():
            found[seller] = account
    return found


def check_database(store: Store, accounts: Mapping[str, str], new_world: bool, named: bool) -> None:
    """A database named by a setting must be for this demo alone: other sellers' tokens must not be tried at a simulated eBay.

    Args:
        accounts: as `accounts_of` tells them.
        named: by a setting; the folder's own has what this demo enrolled, whatever it is.
    Raises:
        DemoError: it has sellers that are not ours.
    """
    enrolled = store.enrolled()
    if named and (others := sorted(set(enrolled) - accounts.keys())):
        raise DemoError(
            f"the database has sellers that are not the demo's, such as {others[0]}: name another one in SELLERBEAT_DATABASE_URL"
        )
    if enrolled and new_world:
        raise DemoError("the database has the sellers of a demo in another folder: name another one in SELLERBEAT_DATABASE_URL")


def missing(accounts: Mapping[str, str]) -> list[str]:
    """Whom the demo connects by itself: not those whose account somebody has under another id, nor whose id has another account."""
    return [name for name in NAMES if name not in accounts and name not in accounts.values()]


def enroll(names: Sequence[str], token_of: Callable[[str], str]) -> None:
    """By one command.

    Args:
        token_of: the refresh token of a consent at the simulated eBay.
    Raises:
        DemoError: it failed.
    """
    rows = ["seller_id,refresh_token,backfill", *(f"{name},{token_of(name)},{BACKFILL}" for name in names)]
    command = [sys.executable, str(HOUSE / "starter.py"), "enroll", "--from", "-"]
    said = subprocess.run(
        command, input="\n".join(rows), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False
    )
    if said.returncode != 0:
        raise DemoError(f"{', '.join(names)} could not be enrolled: {said.stdout.strip()}")


def poll_now(sellers: Iterable[str]) -> None:
    """All streams of these sellers, by polls that begin from now on."""

    async def signal() -> None:
        client = await connect(read_environment())
        for seller in sellers:
            await handle(client, seller).signal(SellerPolling.poll_now, PollNow())

    asyncio.run(signal())
