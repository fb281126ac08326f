"""`/healthz` and `/readyz`, for whoever asks: without a token, and without a word that helps a stranger."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import make_url

from store import Store
from tests.web.site import KEY, NOBODY, Site


async def test_a_site_is_ready_and_what_else_is_wrong_stands_in_the_body(open_site: Callable[..., Site], temporal_address: str) -> None:
    """A page that says what is wrong is not taken out of service for it."""
    site = open_site(temporal_address, visitor="203.0.113.7", task_queue="nobody-works-here")

    ready = await site.browser.get("/readyz")
    findings = ready.json().pop("findings")

    assert (ready.status_code, ready.json() | {"findings": []}) == (
        200,
        {"ready": True, "postgres": "ok", "temporal": "ok", "findings": []},
    )
    assert [(one["part"], one["what"], one["remedy"]) for one in findings if one["part"] == "worker"] == [
        ("worker", "Nobody works on task queue nobody-works-here", "start worker.py")
    ]
    assert (await site.browser.head("/readyz")).status_code == 200


async def test_without_temporal_it_is_ready_and_says_what_to_do(site: Site) -> None:
    alive, ready = await site.browser.get("/healthz"), await site.browser.get("/readyz")
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
