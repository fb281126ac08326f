"""A form that is refused comes back as it was filled in, with one line beside the field; no token that was pasted is shown."""

from __future__ import annotations

import pytest

from domain.scopes import Scope
from store import Store
from tests.web.site import Page, Site

API_TOKEN = "sb_" + "Zl3vQ0yT" * 5 + "abc"
FILLED = {"name": "shop", "scope": "control", "sellers": "anna, bert", "expires": "365d", "ebay": "yes"}


def invalid(page: Page) -> dict[str, str]:
    """The field that a page points at, and what it says of it."""
    (field,) = [one for tag in ("input", "select") for one in page.all(tag) if one.get("aria-invalid") == "true"]
    (line,) = [one for one in page.all("p") if one.get("id") == field["aria-describedby"]]
    assert line["role"] == "alert"
    return field


def selected(page: Page) -> set[str]:
    return {option["value"] for option in page.all("option") if "selected" in option}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": "my shop"}, "A token's name has 1 to 60 letters"),
        ({"name": "ADMIN_TOKEN"}, "choose another one"),
        ({"name": "taken"}, "a token in use is called taken"),
        ({"sellers": "anna <b>"}, "A seller id has 1 to 100 letters"),
        ({"sellers": " ,, "}, "Name at least one, or leave the field empty"),
        ({"sellers": " ".join(f"s-{number}" for number in range(1001))}, "1000 sellers at most"),
    ],
)
async def test_the_form_of_a_token_stays_as_it_was_filled_in(site: Site, store: Store, wrong: dict[str, str], said: str) -> None:
    store.api_tokens.create("taken", Scope.FEED, by="os:test", ebay=False, sellers=[])

    answer = await site.press("/tokens", "/tokens", **{**FILLED, **wrong})

    page, (name,) = Page(answer), wrong
    fields = {one["name"]: one for one in page.all("input") if "name" in one}
    assert answer.status_code == (409 if wrong == {"name": "taken"} else 422)
    assert said.lower() in page.section("make").lower()
    assert invalid(page)["id"] == name
    assert {one: fields[one]["value"] for one in ("name", "sellers")} == {one: {**FILLED, **wrong}[one] for one in ("name", "sellers")}
    assert "checked" in fields["ebay"]
    assert selected(page) == {"control", "365d"}
    assert [one["name"] for one in store.api_tokens.all()] == ["taken"]
    assert store.audit.read(action="token.create") == [] or wrong == {"name": "taken"}


@pytest.mark.parametrize("wrong", [{"scope": "root"}, {"expires": "1000d"}, {"scope": "feed\x00"}])
async def test_a_choice_that_is_none_is_said_beside_it(site: Site, store: Store, wrong: dict[str, str]) -> None:
    answer = await site.press("/tokens", "/tokens", **{**FILLED, **wrong})

    assert answer.status_code == 422
    assert invalid(Page(answer))["name"] == next(iter(wrong))
    assert store.api_tokens.all() == []


@pytest.mark.parametrize("typed", ["a/b", "two words", "x" * 101, "\u0645\u0631\u062d\u0628\u0627", "<script>"])
async def test_the_form_of_a_link_stays_on_the_page_of_all_sellers(site: Site, store: Store, typed: str) -> None:
    answer = await site.press("/", "/links", seller=typed)

    page = Page(answer)
    assert answer.status_code == 422
    assert page.all("h1")
    assert invalid(page)["value"] == typed
    assert "This makes no link: a seller id has 1 to 100 letters" in page.section("connect")
    assert page.all("span")
    assert 'data-address="/"' in page.source
    assert store.audit.read(action="seller.*") == []


@pytest.mark.parametrize(
    ("path", "act", "field"), [("/", "/links", "seller"), ("/tokens", "/tokens", "name"), ("/tokens", "/tokens", "sellers")]
)
async def test_a_token_in_the_wrong_field_is_not_shown_again(site: Site, path: str, act: str, field: str) -> None:
    answer = await site.press(path, act, **{**FILLED, field: API_TOKEN})

    assert answer.status_code == 422
    assert API_TOKEN[3:30] not in answer.text


async def test_an_empty_list_of_tokens_says_what_to_do_first(site: Site) -> None:
    assert "make one above for each app" in (await site.page("/tokens")).section("all")
