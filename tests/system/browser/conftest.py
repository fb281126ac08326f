"""A browser, the running demo with its page, and a page of invented sellers whose every word is HTML."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from demo_stack import devstack
from domain.pacing import Stream
from lab.benchmarks.fleet import settle
from store import Store
from store.schema.kinds import AlertKind
from store.schema.migrate import upgrade
from tests.store.documents import LATER, enroll, item, order, store_orders
from tests.system.browser.listening import listen
from tests.web.site import KEY

HOUSE = Path(__file__).resolve().parents[3]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
KEYSET = {
    "SELLERBEAT_EBAY_CLIENT_ID": "id",
    "SELLERBEAT_EBAY_CLIENT_SECRET": "secret",
    "SELLERBEAT_EBAY_REDIRECT_NAME": "A_Shop-AShop-Shop-abcdef",
}
HTML = "<script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">\"'&"


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Fails the test at the page's first error in JavaScript, or word on its console."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened, errors = context.new_page(), []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    yield opened
    context.close()
    assert errors == []


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page's address."""
    folder = tmp_path_factory.mktemp("demo") / "state"
    with child([str(HOUSE / "demo.py"), "--folder", str(folder)], r"^page: (http://\S+)", {}) as address:
        yield address


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of web.py over twelve sellers polled for a day, `mallory`, whose every word is HTML, and `listen`. No Temporal."""
    with devstack.postgres(tmp_path_factory.mktemp("hostile"), fast=True) as url:
        upgrade(url)
        store = Store.connect(url, [KEY])
        settle(store, 12)
        mallory(store)
        listen(store)
        store.close()
        environment = {"SELLERBEAT_DATABASE_URL": url, "SELLERBEAT_SECRET_KEYS": KEY, "SELLERBEAT_WEB_BIND": "127.0.0.1:0", **KEYSET}
        with child(
            [str(HOUSE / "web.py")], r"web listens.*?(http://[^\s\"]+)", environment | {"TEMPORAL_ADDRESS": "127.0.0.1:1"}
        ) as address:
            yield address


def mallory(store: Store) -> None:
    enroll(store, "mallory")
    line = {"lineItemId": "1", "sku": HTML, "title": HTML, "quantity": 2, "lineItemFulfillmentStatus": "NOT_STARTED"}
    first = order("o-1", lineItems=[line])
    store_orders(store, first, seller_id="mallory")
    later = {"orderFulfillmentStatus": HTML, "lastModifiedDate": (LATER + timedelta(hours=1)).isoformat()}
    store_orders(store, {**first, **later}, seller_id="mallory")
    with store.commit(store.begin("mallory", Stream.INVENTORY)) as commit:
        commit.store_inventory([item(HTML, 7, product={"title": HTML})], LATER)
    store.open_alert(AlertKind.SET_ASIDE, f"documents are set aside {HTML}", "mallory")


@contextmanager
def child(program: list[str], pattern: str, environment: dict[str, str]) -> Iterator[str]:
    """A process of ours, from the line that says where it is until the end of the block."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("SELLERBEAT_", "TEMPORAL_"))}
    with subprocess.Popen(
        [sys.executable, *program], env=mine | environment, cwd=HOUSE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout
            said = []
            for line in process.stdout:
                said.append(line)
                if found := re.search(pattern, line):
                    break
            else:
                raise AssertionError(f"{program[0]} ended:\n{''.join(said)}")
            yield found[1]
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)  # what it still says must not fill the pipe
