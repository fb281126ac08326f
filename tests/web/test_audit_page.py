"""The page of who did what: the newest first, found by seller, author and action, page by page."""

from __future__ import annotations

import pytest

from pages.audit import ROWS
from store import Store
from tests.web.site import Page, Site


def act(store: Store, author: str, action: str, seller_id: str | None = None, done: bool | None = True, **fields: object) -> int:
    row_id = store.audit.begin(author, action, seller_id, before=fields.get("before"), after=fields.get("after"))  # type: ignore[arg-type]
    if done is not None:
        store.audit.end(row_id, done)
    return row_id


def actions(page: Page) -> list[str]:
    return [part.partition("<")[0] for part in page.source.split('role="rowheader" class="whole-words">')[1:]]


async def test_it_shows_who_did_what_and_what_became_of_it(site: Site, store: Store) -> None:
    act(store, "os:<b>alice</b>", "seller.pause", "anna", before={"reason": None}, after={"reason": "<i>holiday</i>"})
    act(store, "token:ci", "seller.remove", "bert", done=False)
    act(store, "token:ci", "seller.resume", "bert", done=None)
    await site.login()
    page = await site.page("/audit")

    assert actions(page) == ["login", "seller.resume", "seller.remove", "seller.pause"]
    assert "reason <i>holiday</i>" in page.text
    assert "os:<b>alice</b>" in page.text
    assert "<b>alice" not in page.source
    assert "failed" in page.text
    assert "in hand, or broken off" in page.text


async def test_what_is_empty_before_and_after_is_not_shown(site: Site, store: Store) -> None:
    act(store, "page", "seller.link", "anna", after={"scopes": [], "options": {}, "lasting_s": 259_200})
    act(store, "page", "endpoint.edit", before={"sellers": ["anna"]}, after={"sellers": []})
    page = await site.page("/audit")

    assert "lasting 3 days" in page.text
    assert "<del>anna</del>" in page.source
    assert not {"scopes", "options", "{}"} & set(page.text.split())


async def test_it_is_found_by_seller_author_and_kind_of_action(site: Site, store: Store) -> None:
    act(store, "os:alice", "seller.pause", "anna")
    act(store, "token:ci", "seller.resume", "anna")
    act(store, "token:ci", "endpoint.add", "bert")
    found = {
        query: actions(await site.page(f"/audit?{query}"))
        for query in (
            "seller=anna",
            "author=token:ci",
            "action=seller.*",
            "seller=anna&author=token:ci&action=seller.resume",
            "seller=nobody",
        )
    }

    assert list(found.values()) == [
        ["seller.resume", "seller.pause"],
        ["endpoint.add", "seller.resume"],
        ["seller.resume", "seller.pause"],
        ["seller.resume"],
        [],
    ]


async def test_older_acts_are_some_pages_away_and_none_is_lost(site: Site, store: Store) -> None:
    await site.login()
    for number in range(2 * ROWS + 3):
        act(store, "token:ci", f"act.{number}", "anna")
    found, path, pages = [], "/audit?seller=anna", 0
    while path:
        page = await site.page(path)
        found += actions(page)
        path = next((one["href"] for one in page.all("a") if "before=" in one.get("href", "")), "")
        pages += 1

    assert found == [f"act.{number}" for number in reversed(range(2 * ROWS + 3))]
    assert pages == 3


@pytest.mark.parametrize(
    "query", ["seller=a%20b", "author=%00", "action=%25", "before=0", "before=x", f"before={2**63}", "author=" + "x" * 121]
)
async def test_a_wrong_question_is_refused(site: Site, query: str) -> None:
    await site.login()

    assert (await site.browser.get(f"/audit?{query}")).status_code == 422
