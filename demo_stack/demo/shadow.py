"""A seller of the demo on the way to webhooks: notifications set up at each start, in shadow from the first one, compared at the end."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

from activities.fleet.comparing import compared
from demo_stack.demo.errors import DemoError
from demo_stack.demo.home import HOUSE
from domain.comparison import Mode
from settings import PREFIX
from store import Store

SELLER = "anna"
REMOVED = f"{SELLER} was removed: no polling to compare with notifications"
WEEK = timedelta(days=7)
TOKEN = "verification-token-of-the-demo-on-this-machine"  # the simulated eBay asks for it, and nobody else comes here


def settings(page: str) -> dict[str, str]:
    """What `starter.py notifications` needs."""
    return {
        f"{PREFIX}PUBLIC_URL": page,
        f"{PREFIX}NOTIFICATION_TOKEN": TOKEN,
        f"{PREFIX}NOTIFICATION_EMAIL": "demo@example.com",
    }


def begin(store: Store) -> str:
    """As a user would do it, once the page answers: the simulated eBay forgets its subscriptions when it ends. Returns what to say.

    Raises:
        DemoError: it failed.
    """
    if SELLER not in store.enrolled():
        return REMOVED
    run("notifications", "setup", SELLER)
    if store.modes.get(SELLER).mode is Mode.POLLING:
        return run("mode", SELLER, "shadow")
    return f"{SELLER} is in mode {store.modes.get(SELLER).mode}"


def run(*arguments: str) -> str:
    said = subprocess.run([sys.executable, str(HOUSE / "starter.py"), *arguments], capture_output=True, text=True, timeout=120, check=False)
    if said.returncode != 0:
        raise DemoError(f"starter.py {' '.join(arguments)} failed: {said.stderr.strip()}")
    return said.stdout.strip()


def end(store: Store) -> str:
    """What came out so far, in a line."""
    if SELLER not in store.enrolled():
        return REMOVED
    now = store.modes.clock()
    found = compared(store, SELLER, now - WEEK, now)
    it = found.comparison
    only = f"{len(it.only_polling)} by polling only, {len(it.only_notifications)} by notifications only"
    return f"{SELLER} in {found.watch.mode}: {it.both} changes seen by both, {only}, {it.unannounced} that eBay announces to nobody"
