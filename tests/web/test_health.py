"""`/healthz` and `/readyz`, for whoever asks: no word that helps a stranger; sentences are for who may see pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import make_url

from domain.scopes import Scope
from serving.access import COOKIE
from store import Store
from tests.web.site import KEY, NOBODY, TOKEN, Site


async def test_a_site_is_ready_and_what_else_is_wrong_stands_in_the_body(open_site: Callable[..., Site], temporal_address: str) -> None:
    """A page that says what is wrong is not taken out of service for it."""
    site = open_site(temporal_address, visitor="203.0.113.7", task_queue="nobody-works-here")

    ready = await site.program.get("/readyz")
    findings = ready.json().pop("findings")

    assert (ready.status_code, ready.json() | {"findings": []}) == (
        200,
        {"ready": True, "postgres": "ok", "temporal": "ok", "findings": []},
    )
    assert [(one["part"], one["what"], one["remedy"]) for one in findings if one["part"] == "worker"] == [
        ("worker", "Nobody works on task queue nobody-works-here", "start worker.py")
    ]
    assert (await site.browser.head("/readyz")).status_code == 200


async def test_a_stranger_learns_whether_it_is_ready_and_which_parts_are_ill_alone(
    site: Site, store: Store, open_site: Callable[..., Site]
) -> None:
    """A proxy on this machine asks for strangers, so from here is no proof where there is a token; without one it is, as for pages."""
    given = store.api_tokens.create("all", Scope.READ, by="os:test", ebay=False, sellers=[]).token
    narrow = store.api_tokens.create("one", Scope.ADMIN, by="os:test", ebay=False, sellers=["anna"]).token
    strangers = [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {narrow}"}]
    stranger = [(await site.browser.get("/readyz", headers=headers)).json() for headers in strangers]
    known = (await site.browser.get("/readyz", headers={"Authorization": f"Bearer {given}"})).json()
    await site.login()
    person = (await site.browser.get("/readyz")).json()
    here, away = open_site(token=None), open_site(token=None, visitor="203.0.113.7")

    assert [one["findings"] for one in stranger] == [[{"part": "temporal"}]] * 3
    assert [one["findings"][0].keys() for one in (known, person)] == [{"part", "since", "what", "remedy", "runbook"}] * 2
    assert "what" in (await here.browser.get("/readyz")).json()["findings"][0]
    assert (await away.browser.get("/readyz")).json()["findings"] == [{"part": "temporal"}]


async def test_without_temporal_it_is_ready_and_says_what_to_do(site: Site) -> None:
    alive, ready = await site.browser.get("/healthz"), await site.program.get("/readyz")
    (found,) = ready.json()["findings"]

    assert (alive.status_code, alive.json()) == (200, {"alive": True})
    assert (ready.status_code, ready.json()["ready"], ready.json()["temporal"]) == (200, True, "does not answer")
    assert (found["part"], "TEMPORAL_ADDRESS" in found["remedy"]) == ("temporal", True)


@pytest.mark.parametrize(("database", "found"), [("nobody", "does not answer"), ("empty", "run starter.py migrate")])
async def test_without_postgres_or_its_tables_it_is_alive_but_not_ready(empty_database: str, database: str, found: str) -> None:
    url = empty_database if database == "empty" else "postgresql://nobody:hunter2@127.0.0.1:1/db"
    store = Store.connect(url, [KEY])
    site = Site(store, NOBODY)

    alive, ready = await site.browser.get("/healthz"), await site.browser.get("/readyz")
    await site.close()
    store.close()

    assert (alive.status_code, ready.status_code) == (200, 503)
    assert found in ready.json()["postgres"]
    assert "postgres" in [one["part"] for one in ready.json()["findings"]]
    assert "hunter2" not in ready.text


async def test_what_postgres_refuses_is_a_503_that_says_so(database: str, execute: Callable[[str], None]) -> None:
    url = make_url(database).set(username="without_rights", password="hunter2").render_as_string(hide_password=False)
    execute("CREATE ROLE without_rights LOGIN PASSWORD 'hunter2'")
    store = Store.connect(url, [KEY])
    site = Site(store, NOBODY)
    try:
        lacking = await site.program.get("/v1/changes")
        store.close()
        execute("ALTER ROLE without_rights CONNECTION LIMIT 0")
        refused = await site.program.get("/v1/changes")
    finally:
        await site.close()
        store.close()
        execute("DROP ROLE without_rights")

    assert (lacking.status_code, refused.status_code) == (503, 503)
    assert "lacks a right on schema sellerbeat" in lacking.json()["detail"]
    assert "takes no more connections" in refused.json()["detail"]
    assert lacking.headers["retry-after"] == refused.headers["retry-after"] == "5"


async def test_a_runbook_is_read_by_anybody_while_postgres_is_dead() -> None:
    """Somebody with a session too, of whom nobody knows whether they were logged out; and no word of this deployment is in it."""
    store = Store.connect("postgresql://nobody:hunter2@127.0.0.1:1/db", [KEY])
    sites = [Site(store, NOBODY, token, visitor="203.0.113.7") for token in (TOKEN, None)]
    pages = [await site.browser.get("/runbooks/outages") for site in sites]
    sites[0].browser.cookies.set(COOKIE, sites[0].context.access.begin().cookie)
    pages.append(await sites[0].browser.get("/runbooks/outages"))
    front = await sites[0].browser.get("/")
    for site in sites:
        await site.close()
    store.close()

    assert [page.status_code for page in pages] == [200] * 3
    assert len({page.text for page in pages}) == 1
    assert "Postgres cannot be reached" in pages[0].text
    assert all("set-cookie" not in page.headers for page in pages)
    assert (front.status_code, 'href="/runbooks/outages"' in front.text) == (503, True)
