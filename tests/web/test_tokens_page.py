"""The page of the API's tokens: made, shown once, revoked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain.scopes import Scope
from store import Store
from tests.web.site import Page, Site, refused


async def test_a_token_is_made_shown_once_and_never_again(site: Site, store: Store) -> None:
    made = await site.press("/tokens", "/tokens", name="shop", scope="read", sellers="anna, bert", expires="90d")
    page = Page(made)
    token = made.text.partition("sb_")[2].partition("<")[0]
    listed = await site.page("/tokens")
    async with site.visitor(Authorization=f"Bearer sb_{token}") as shop:
        answer = await shop.get("/v1/changes")

    assert made.status_code == 200
    assert made.headers["cache-control"] == "no-store"
    assert "of anna, bert alone" in page.text
    assert token not in listed.source
    assert "shop" in listed.text
    assert "anna, bert" in listed.text
    assert "by page" in listed.text
    assert answer.status_code == 200
    (act,) = store.audit.read(action="token.*")
    assert (act["author"], act["after"]["name"], act["outcome"]) == ("page", "shop", "done")


async def test_a_revoked_token_opens_nothing_more_at_once(site: Site, store: Store) -> None:
    made = store.api_tokens.create("shop", Scope.FEED, by="os:alice", ebay=False, sellers=[])
    async with site.visitor(Authorization=f"Bearer {made.token}") as shop:
        assert (await shop.get("/v1/changes")).status_code == 200
        pressed = await site.press("/tokens", f"/tokens/{made.id}/revoke")
        refused(await shop.get("/v1/changes"), 401)
    page = await site.page("/tokens?done=revoke")
    again = await site.browser.post(f"/tokens/{made.id}/revoke", data={"form_token": page.forms["/tokens"]["form_token"]})

    assert (pressed.status_code, pressed.headers["location"]) == (303, "/tokens?done=revoke")
    assert "Revoked." in page.text
    assert f"/tokens/{made.id}/revoke" not in page.forms
    assert again.status_code == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": "<b>"},
        {"name": "ADMIN_TOKEN"},
        {"scope": "root"},
        {"expires": "1000d"},
        {"sellers": "anna <b>"},
        {"sellers": ","},  # a slip, which must not open everything
        {"sellers": " ,, \t,"},
    ],
)
async def test_a_token_that_cannot_be_is_not_made(site: Site, store: Store, fields: dict[str, str]) -> None:
    answer = await site.press("/tokens", "/tokens", **{"name": "shop", "scope": "read", "expires": "never", **fields})

    assert answer.status_code == 422
    assert store.api_tokens.all() == []


async def test_only_who_is_logged_in_and_pressed_our_button_makes_one(site: Site, store: Store) -> None:
    async with site.visitor() as stranger:
        looked = [(await stranger.get(path)).headers["location"] for path in ("/tokens", "/audit")]
        pressed = await stranger.post("/tokens", data={"name": "shop", "scope": "admin", "expires": "never"})
    await site.login()
    blind = await site.browser.post("/tokens", data={"name": "shop", "scope": "admin", "expires": "never", "form_token": "x"})

    assert looked == ["/login?next=%2Ftokens", "/login?next=%2Faudit"]
    assert (pressed.status_code, blind.status_code) == (303, 403)
    assert store.api_tokens.all() == []


async def test_without_a_login_this_machine_makes_one(open_site: Callable[..., Site], store: Store) -> None:
    site = open_site(token=None)

    await site.press("/tokens", "/tokens", name="shop", scope="feed", expires="never")

    assert [row["name"] for row in store.api_tokens.all()] == ["shop"]
