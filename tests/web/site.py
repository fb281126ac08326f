"""The site as a browser and a program meet it."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser
from typing import Any

import httpx

from pages.app import build
from serving.context import WebContext
from settings import Settings
from store import Store

KEY = "A" * 43 + "="  # a Fernet key as good as any
TOKEN = "a token of the tests, long enough"
NOBODY = "127.0.0.1:1"  # where no Temporal listens


class Site:
    """`token`: SELLERBEAT_ADMIN_TOKEN, None: not set. `visitor`: from where one comes. `host`: how one calls it. `more`: settings."""

    def __init__(
        self,
        store: Store,
        temporal_address: str,
        token: str | None = TOKEN,
        visitor: str = "127.0.0.1",
        host: str = "localhost:8080",
        **more: Any,
    ) -> None:
        url = store.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        usual = {"admin_token": token, "task_queue": "web-tests"}
        settings = Settings(_env_file=None, database_url=url, secret_keys=KEY, **(usual | more))
        self.context = WebContext(settings, store, {"TEMPORAL_ADDRESS": temporal_address})
        self.transport = httpx.ASGITransport(build(self.context), raise_app_exceptions=False, client=(visitor, 4711))
        self.host = host
        self.browser = self.visitor()
        self.program = self.visitor(Authorization=f"Bearer {token}") if token else self.visitor()

    def visitor(self, **headers: str) -> httpx.AsyncClient:
        """Somebody with cookies of their own."""
        return httpx.AsyncClient(transport=self.transport, base_url=f"http://{self.host}", headers=headers)

    async def login(self) -> httpx.Response:
        return await self.browser.post("/login", data={"token": TOKEN})

    async def page(self, path: str) -> Page:
        """Of a person who is logged in."""
        if self.context.access.by_login and not self.browser.cookies:
            await self.login()
        answer = await self.browser.get(path)
        assert answer.status_code == 200, answer.text
        return Page(answer)

    async def press(self, path: str, act: str, **fields: str) -> httpx.Response:
        """A button on a page, by its form's address."""
        form = (await self.page(path)).forms[act]
        return await self.browser.post(act, data={**form, **fields})

    async def changes(self, **awaited: Any) -> dict[str, Any]:
        answer = await self.program.get("/v1/changes", params=awaited)
        assert answer.status_code == 200, answer.text
        page: dict[str, Any] = answer.json()
        return page

    async def close(self) -> None:
        self.context.change_waiter.close()
        await self.browser.aclose()
        await self.program.aclose()


def refused(answer: httpx.Response, status: int) -> str:
    """The one line of a refusal by the API."""
    body = answer.json()
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert body.keys() >= {"type", "title", "status", "detail", "code"}
    assert body["type"] == f"urn:sellerbeat:problem:{body['code']}"
    assert body["status"] == status
    assert "\n" not in body["detail"]
    return str(body["detail"])


class Page(HTMLParser):
    """What a browser makes of an answer: the text, the forms with their hidden fields, all elements."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(convert_charrefs=True)
        self.answer, self.source = answer, answer.text
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.forms: dict[str, dict[str, str]] = {}
        self._form: dict[str, str] = {}
        self._words: list[str] = []
        self.feed(self.source.replace("<wbr>", ""))  # where a line may break: nothing that is read

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._words).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def section(self, id_: str) -> str:
        """The text between a heading with this id and the end of its section."""
        found = re.search(rf'id="{id_}".*?</section>', self.source, re.S)
        assert found
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", found[0].partition(">")[2])).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        if tag == "form":
            self._form = self.forms.setdefault(attributes.get("action", ""), {})
        if tag == "input" and attributes.get("type") == "hidden":
            self._form[attributes["name"]] = attributes["value"]

    def handle_data(self, data: str) -> None:
        self._words.append(data)
