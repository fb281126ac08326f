"""A seller with a phone who was sent a link, the site, and a simulated eBay between them."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import httpx
from sqlalchemy import text

from ebay.http import http_client
from operations.consent import ConsentOutcome, make_link
from pages.connected import SHOWN
from simulator.server import Simulator
from store import Store
from tests.support.waiting import PATIENCE_S
from tests.web.site import Page, Site

HERE = "http://localhost:8080/ebay/connected"
RUNAME = "Sellerbeat-Test-RuName"
NOBODY_THERE = "postgresql://postgres@127.0.0.1:1/none"


class Consent:
    """The site, eBay, and a seller with a phone who was sent a link."""

    def __init__(self, open_site: Callable[..., Site], store: Store, ebay: Simulator, temporal_address: str) -> None:
        self.store, self.world, self.ebay = store, ebay.world, ebay
        self.open_site, self.temporal_address = open_site, temporal_address
        self.site = self.opened()
        self.http = http_client(1)

    def opened(self, temporal_address: str = "", store: Store | None = None) -> Site:
        world, url = self.world, self.ebay.url
        keys = {"ebay_client_id": world.accounts.client_id, "ebay_client_secret": world.accounts.client_secret}
        places = {"ebay_api_url": url, "ebay_apiz_url": url, "ebay_auth_url": url, "ebay_timeout": "60s"}
        site = self.open_site(temporal_address or self.temporal_address, ebay_redirect_name=RUNAME, **keys, **places)
        if store:
            site.context.store = store
        return site

    def link(self, seller: str = "s-1", **given: Any) -> str:
        return make_link(self.site.context, seller, **given).url

    def answer(self, link: str, account: str = "anna", answer: str = "agree") -> str:
        """The seller presses a button at eBay; gives where eBay leads them."""
        said = httpx.post(link, data={"seller": account, "answer": answer}, timeout=PATIENCE_S)
        assert said.status_code == 302, said.text
        return said.headers["location"]

    async def back(self, address: str, site: Site | None = None) -> httpx.Response:
        async with (site or self.site).visitor() as phone:
            return await phone.get(address.removeprefix("http://localhost:8080"))

    async def consents(self, link: str, account: str = "anna") -> httpx.Response:
        return await self.back(self.answer(link, account))

    def asked(self) -> dict[str, int]:
        """What eBay was asked so far."""
        counted: dict[str, int] = {}
        for (_, resource), times in self.world.calls.items():
            counted[resource] = counted.get(resource, 0) + times
        return counted

    def rows(self, table: str) -> list[dict[str, Any]]:
        with self.store.engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(f"SELECT * FROM sellerbeat.{table}")).mappings()]

    def token(self, seller: str = "s-1") -> str:
        with self.store.tokens.locked(seller) as row:
            return row.refresh_token


def shows(answer: httpx.Response, outcome: ConsentOutcome) -> bool:
    """The outcome's page, as all of them are: for a phone, without a script, kept by nobody, and without anybody's data."""
    status, heading, _, _ = SHOWN[outcome]
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "no-store" in answer.headers["cache-control"]
    assert "set-cookie" not in answer.headers
    page = Page(answer)
    assert not page.all("script")
    assert page.all("meta")[1]["content"].startswith("width=device-width")
    for word in ("s-1", "anna", "bert", "v^1", "gAAAA"):
        assert word not in answer.text
    return (answer.status_code, re.findall("<h1>(.*?)</h1>", unescape(answer.text))) == (status, [heading])
