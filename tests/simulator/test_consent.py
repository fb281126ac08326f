"""The simulated eBay's consent page, the codes that it gives, and whose account a token is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from simulator import World
from tests.simulator.conftest import Client, Code
from tests.support.manual_world import ManualWorld

SCOPES = "https://api.ebay.com/oauth/api_scope https://api.ebay.com/oauth/api_scope/commerce.identity.readonly"


def asked(**other: str) -> dict[str, str]:
    usual = {"client_id": "Sellerbeat-demo-SIM", "redirect_uri": "Ru", "response_type": "code", "scope": SCOPES, "state": "s#&%"}
    return {name: value for name, value in (usual | other).items() if value}


def press(anna: Any, answer: str = "agree", **other: str) -> dict[str, list[str]]:
    """Where a button of the page leads: the address's query."""
    anna.world.accounts.redirects.setdefault("Ru", ("http://app/yes", "http://app/no"))
    said = anna.http.post("/oauth2/authorize", params=asked(**other), data={"seller": "anna", "answer": answer})
    assert said.status_code == 302
    assert urlsplit(said.headers["location"]).path == ("/yes" if answer == "agree" else "/no")
    return parse_qs(urlsplit(said.headers["location"]).query)


def exchange(anna: Any, code: str, name: str = "Ru") -> httpx.Response:
    answer: httpx.Response = anna.post_token({"grant_type": "authorization_code", "code": code, "redirect_uri": name})
    return answer


def test_a_consent_leads_back_with_a_code_and_the_state_and_the_code_to_a_token(anna: Client, world: ManualWorld) -> None:
    query = press(anna)

    answer = exchange(anna, query["code"][0])

    assert (query["state"], query["expires_in"]) == (["s#&%"], ["299"])
    assert answer.status_code == 200
    assert answer.json()["refresh_token"] == world.refresh_token("anna")
    assert (answer.json()["expires_in"], answer.json()["refresh_token_expires_in"]) == (7200, 47304000)
    anna.access = answer.json()["access_token"]
    user = anna.get("/commerce/identity/v1/user/").json()
    assert (user["userId"], user["username"]) == (world.accounts.user_id("anna"), "anna")
    assert world.accounts.user_id("bert") != user["userId"]


def test_a_code_is_good_once(anna: Client) -> None:
    (code,) = press(anna)["code"]

    assert exchange(anna, code).status_code == 200
    assert (exchange(anna, code).status_code, exchange(anna, code).json()["error"]) == (400, "invalid_grant")


def test_a_code_lives_299_seconds_and_for_its_redirect_name(anna: Client, world: ManualWorld) -> None:
    first, second, third = (press(anna)["code"][0] for _ in range(3))

    assert exchange(anna, first, "Other").json()["error"] == "invalid_grant"
    world.clock.advance(seconds=298)
    assert exchange(anna, second).status_code == 200
    world.clock.advance(seconds=1)
    assert exchange(anna, third).json()["error"] == "invalid_grant"


def test_who_declines_is_led_back_without_a_code(anna: Client) -> None:
    assert press(anna, "decline") == {"error": ["access_denied"], "state": ["s#&%"]}


@pytest.mark.parametrize("wrong", [{"client_id": "x"}, {"redirect_uri": "Other"}, {"response_type": "token"}, {"scope": ""}])
def test_an_application_that_asks_in_a_wrong_way_gets_nothing(anna: Client, world: ManualWorld, wrong: dict[str, str]) -> None:
    world.accounts.redirects["Ru"] = "http://app/yes", "http://app/no"

    answer = anna.http.post("/oauth2/authorize", params=asked(**wrong), data={"seller": "anna", "answer": "agree"})

    assert (answer.status_code, world.accounts.codes) == (400, {})


def test_whose_account_it_is_needs_the_identity_scope(anna: Client, world: ManualWorld, code: Code) -> None:
    token = world.accounts.renew("anna", ["https://api.ebay.com/oauth/api_scope"])
    anna.access = anna.token(token).json()["access_token"]

    assert code(anna.get("/commerce/identity/v1/user/")) == (403, 1100)


def test_the_page_shows_the_sellers_and_what_is_asked_for_and_the_redirect_can_be_set_from_outside(anna: Client) -> None:
    set_ = anna.http.post("/simulator/redirect", params={"name": "Ru", "accepted": "http://app/yes"})

    page = anna.http.get("/oauth2/authorize", params=asked())

    assert set_.status_code == 200
    assert set(re.findall("<option>(.*?)</option>", page.text)) >= {"anna", "bert"}
    assert page.text.count("<li>") == 2


def test_what_a_seller_agreed_to_outlives_a_restart_where_a_file_has_it_and_a_torn_line_is_dropped(tmp_path: Path) -> None:
    file = tmp_path / "consents.jsonl"
    before = World(consents=file)
    before.add_seller("anna")
    first = before.refresh_token("anna")
    _, _, grant = before.accounts.exchange(before.accounts.consent("anna", ["scope-1"], "Ru"), "Ru")
    with file.open("a") as lines:
        lines.write('{"seller": "anna", "sco')

    again = World(consents=file)
    again.add_seller("anna")

    assert again.refresh_token("anna") == grant.token != first
    assert again.accounts.grants[grant.token].scopes == {"scope-1"}
    assert again.accounts.grants[first].alive
    assert again.accounts.renew("anna") not in (first, grant.token)


def test_the_page_offers_those_first_whom_nobody_reads_yet(anna: Client) -> None:
    anna.world.accounts.redirects.setdefault("Ru", ("http://app/yes", "http://app/no"))
    anna.get("/sell/fulfillment/v1/order")

    shown = anna.http.get("/oauth2/authorize", params=asked()).text

    assert anna.world.calls["anna", "order"] == 1
    assert re.findall("<option>(.*?)</option>", shown)[-1] == "anna"
