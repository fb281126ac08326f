from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from simulator import World
from simulator.state.accounts import OTHER_KEYS
from tests.simulator.conftest import Client, Code
from tests.support.manual_world import ManualWorld

SCOPE = "https://api.ebay.com/oauth/api_scope"


def test_a_refresh_gives_an_access_token_for_two_hours_and_no_new_refresh_token(anna: Client, world: ManualWorld) -> None:
    answer = anna.token(world.refresh_token("anna"))

    assert answer.status_code == 200
    assert {key: answer.json()[key] for key in ("expires_in", "token_type")} == {"expires_in": 7200, "token_type": "User Access Token"}
    assert answer.json()["access_token"].startswith("v^1.1#i^1#")
    assert "refresh_token" not in answer.json()


def test_refresh_tokens_are_the_same_in_every_run_of_a_seed_and_differ_by_seller(world: ManualWorld) -> None:
    again = World(seed=7)
    again.add_seller("anna")

    assert again.refresh_token("anna") == world.refresh_token("anna") != world.refresh_token("bert")


@pytest.mark.parametrize("auth", [("Sellerbeat-demo-SIM", "wrong"), ("else", "SIM-secret")])
def test_an_application_with_wrong_keys_is_refused(anna: Client, world: ManualWorld, auth: tuple[str, str]) -> None:
    answer = anna.post_token({"grant_type": "refresh_token", "refresh_token": world.refresh_token("anna")}, auth)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


def test_a_revoked_or_unknown_refresh_token_is_an_invalid_grant(anna: Client, world: ManualWorld) -> None:
    world.accounts.revoke("anna")

    for token in (world.refresh_token("anna"), "v^1.1#unknown"):
        answer = anna.token(token)
        assert answer.status_code == 400
        assert answer.json() == {
            "error": "invalid_grant",
            "error_description": "the provided authorization refresh token is invalid or was issued to another client",
        }


def test_a_new_consent_gives_a_new_token_that_works(anna: Client, world: ManualWorld) -> None:
    world.accounts.revoke("anna")
    token = world.accounts.renew("anna")

    assert anna.token(token).status_code == 200


def test_scopes_beyond_the_consent_are_refused_and_fewer_are_granted(anna: Client, world: ManualWorld) -> None:
    token = world.refresh_token("anna")

    assert anna.token(token, scope=f"{SCOPE}/sell.fulfillment.readonly").status_code == 200
    refused = anna.token(token, scope=f"{SCOPE}/sell.fulfillment.readonly {SCOPE}/sell.marketing")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize(("form", "error"), [({}, "invalid_request"), ({"grant_type": "password"}, "unsupported_grant_type")])
def test_other_grants_are_refused(anna: Client, form: dict[str, str], error: str) -> None:
    answer = anna.post_token(form)

    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_the_application_token_reads_the_quota_and_no_orders(anna: Client, code: Code) -> None:
    answer = anna.post_token({"grant_type": "client_credentials", "scope": SCOPE})
    assert answer.json()["token_type"] == "Application Access Token"
    anna.access = answer.json()["access_token"]

    assert anna.get("/developer/analytics/v1_beta/rate_limit/").status_code == 200
    assert code(anna.orders()) == (403, 1100)


def test_an_expired_token_is_401_for_orders_and_403_for_inventory(anna: Client, world: ManualWorld, code: Code) -> None:
    world.clock.advance(seconds=7199)
    assert anna.orders().status_code == 200

    world.clock.advance(seconds=1)

    assert code(anna.orders()) == (401, 1001)
    assert code(anna.get("/sell/inventory/v1/inventory_item")) == (403, 1100)


def test_an_unknown_token_is_401_and_a_missing_one_400(anna: Client, code: Code) -> None:
    anna.access = "v^1.1#nobody"
    assert code(anna.orders()) == (401, 1001)
    assert code(anna.get("/sell/inventory/v1/inventory_item")) == (401, 1001)
    assert code(anna.http.get("/sell/fulfillment/v1/order")) == (400, 1002)


def test_a_missing_scope_is_403_on_that_api_only(anna: Client, world: ManualWorld, code: Code) -> None:
    token = world.accounts.renew("anna", [SCOPE, f"{SCOPE}/sell.fulfillment.readonly"])
    anna.access = anna.token(token).json()["access_token"]

    assert anna.orders().status_code == 200
    assert code(anna.get("/sell/inventory/v1/inventory_item")) == (403, 1100)


def test_the_date_header_is_the_worlds_clock(anna: Client, world: ManualWorld) -> None:
    world.clock.advance(days=3, seconds=1.9)

    answer: httpx.Response = anna.orders()

    assert answer.headers.get_list("date") == ["Sun, 21 Jun 2026 12:00:01 GMT"]


def test_a_consent_is_good_for_the_application_that_it_was_given_to_alone(anna: Client, world: ManualWorld) -> None:
    world.accounts.keysets["third"] = "secret"
    ours, theirs = world.refresh_token("anna"), world.accounts.renew("anna", keyset=OTHER_KEYS[0])

    def ask(token: str, keys: tuple[str, str] | None) -> tuple[int, str]:
        answer = anna.post_token({"grant_type": "refresh_token", "refresh_token": token}, keys)
        return answer.status_code, answer.json().get("error_description", "")

    issued_to_another = (400, "the provided authorization refresh token is invalid or was issued to another client")
    assert [ask(ours, keys)[0] for keys in (None, OTHER_KEYS)] == [200, 400]
    assert [ask(theirs, keys)[0] for keys in (None, OTHER_KEYS)] == [400, 200]
    assert ask(ours, OTHER_KEYS) == ask(theirs, None) == ask(theirs, ("third", "secret")) == issued_to_another
    assert ask(ours, (OTHER_KEYS[0], "wrong")) == ask(ours, ("unknown", "secret")) == (401, "client authentication failed")


def test_the_consent_page_gives_the_code_to_the_application_that_asked(world: ManualWorld, anna: Client) -> None:
    world.accounts.redirects["Ru"] = ("https://app.example/yes", "https://app.example/no")
    query = {"client_id": OTHER_KEYS[0], "redirect_uri": "Ru", "response_type": "code", "scope": "https://api.ebay.com/oauth/api_scope"}
    led = anna.http.post("/oauth2/authorize", params=query, data={"seller": "anna", "answer": "agree"})
    code = parse_qs(urlsplit(led.headers["location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "Ru"}

    gave = anna.post_token(form, OTHER_KEYS).json()["refresh_token"]

    assert anna.post_token({"grant_type": "refresh_token", "refresh_token": gave}, OTHER_KEYS).status_code == 200
    assert anna.post_token({"grant_type": "refresh_token", "refresh_token": gave}).status_code == 400
