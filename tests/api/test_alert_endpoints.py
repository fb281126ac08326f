"""Endpoints for people over HTTP, and on the page: made, tried, changed, and what is of webhooks alone refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from store import Store
from tests.api.test_endpoints import acts
from tests.support.mailboxes import MailServerThread
from tests.support.receivers import Receiver, answering
from tests.web.site import Site, refused

PATH = "/hook?token=secret-in-the-path"


@pytest.fixture
def chat() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


async def made(site: Site, **given: Any) -> dict[str, Any]:
    answer = await site.program.post("/v1/endpoints", json=given)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_chat_is_made_tried_and_changed_and_its_address_is_seen_nowhere(site: Site, store: Store, chat: Receiver) -> None:
    url = chat.url + "?token=secret-in-the-path"
    one = await made(site, kind="chat", url=url)
    tried = await site.program.post(f"/v1/endpoints/{one['id']}/test")
    changed = await site.program.patch(f"/v1/endpoints/{one['id']}", json={"url": url + "2"})
    page = await site.page("/endpoints")

    shown = f"http://127.0.0.1:{chat.port}/…"
    assert one == {"id": one["id"], "name": None, "kind": "chat", "url": shown, "types": [], "seller_id": None, "thin": False, "secret": ""}
    assert (tried.json()["outcome"], tried.json()["status"]) == ("delivered", 200)
    assert json.loads(chat.posts[0].body)["text"].startswith("Test: alerts of Sellerbeat arrive here")
    assert chat.posts[0].path.endswith("?token=secret-in-the-path")
    assert changed.json().items() >= {"kind": "chat", "url": shown, "state": "on", "waiting": 0}.items()
    assert store.endpoints.secrets(one["id"]) == [url + "2"]
    assert "Chat: alerts of all sellers" in page.text
    assert "Replay events" not in page.text
    everything = page.source + changed.text + repr(acts(store)) + repr(store.endpoints.all())
    assert "secret-in-the-path" not in everything
    assert ("endpoint.add", {"kind": "chat", "url": shown}) in [(action, after) for _, action, _, _, after in acts(store)]


async def test_what_is_of_webhooks_alone_is_refused(site: Site, store: Store, chat: Receiver) -> None:
    one = await made(site, kind="chat", url=chat.url)
    address = f"/v1/endpoints/{one['id']}"
    terms = {"kind": "chat", "url": chat.url}

    assert "types: is of webhooks alone" in refused(await site.program.post("/v1/endpoints", json={**terms, "types": ["order.*"]}), 422)
    assert "seller: is of webhooks alone" in refused(await site.program.post("/v1/endpoints", json={**terms, "seller": "anna"}), 422)
    assert "thin: is of webhooks alone" in refused(await site.program.post("/v1/endpoints", json={**terms, "thin": True}), 422)
    assert "kind" in refused(await site.program.post("/v1/endpoints", json={**terms, "kind": "fax"}), 422)
    assert "url: 10.1.2.3" in refused(await site.program.post("/v1/endpoints", json={**terms, "url": "https://10.1.2.3/secret"}), 422)
    assert "types: is of webhooks alone" in refused(await site.program.patch(address, json={"types": ["order.*"]}), 422)
    assert "has no secret" in refused(await site.program.post(f"{address}/rotate"), 409)
    assert "type: is of webhooks alone" in refused(await site.program.post(f"{address}/test?type=order.created"), 422)
    assert [row.id for row in store.endpoints.all()] == [one["id"]]
    assert chat.posts == []


async def test_a_test_says_how_the_chat_answered(site: Site) -> None:
    with Receiver(answering(403)) as receiver:
        one = await made(site, kind="chat", url=receiver.url)
        tried = (await site.program.post(f"/v1/endpoints/{one['id']}/test")).json()

    assert (tried["outcome"], tried["status"]) == ("refused", 403)


async def test_mail_needs_a_server_and_one_address(open_site: Callable[..., Site], store: Store) -> None:
    with MailServerThread() as server:
        site = open_site(smtp_url=f"smtp://127.0.0.1:{server.port}?starttls=off&from=alerts@example.com")
        one = await made(site, kind="mail", url="ops@example.com")
        tried = await site.program.post(f"/v1/endpoints/{one['id']}/test")
        wrong = await site.program.post("/v1/endpoints", json={"kind": "mail", "url": "ops@example.com, all@example.com"})

    assert one["url"] == "mailto:ops@example.com"
    assert (tried.json()["outcome"], tried.json()["status"]) == ("delivered", 250)
    assert [(letter["To"], letter["From"]) for letter in server.letters] == [("ops@example.com", "Sellerbeat <alerts@example.com>")]
    assert "url: not one mail address" in refused(wrong, 422)
    unset = await open_site().program.post("/v1/endpoints", json={"kind": "mail", "url": "ops@example.com"})
    assert "SELLERBEAT_SMTP_URL is not set" in refused(unset, 503)


async def test_a_chat_is_switched_tried_at_once_and_removed(site: Site, store: Store, chat: Receiver) -> None:
    one = await made(site, kind="chat", url=chat.url)
    address = f"/v1/endpoints/{one['id']}"

    states = [(await site.program.post(f"{address}/{act}")).json()["state"] for act in ("disable", "enable", "retry")]
    gone = await site.program.delete(address)

    assert states == ["off", "on", "on"]
    assert gone.status_code == 204
    assert store.alert_endpoints.readers() == []
    with store.engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sellerbeat.alert_turns").scalar() == 0
