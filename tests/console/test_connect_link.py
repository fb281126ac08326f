"""`connect` without a token: the address that a seller is sent to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from ebay.consent import SCOPES
from store.sellers.consents import Ticket, Unclaimed
from tests.support.house import House

RUNAME = {"SELLERBEAT_EBAY_REDIRECT_NAME": "Some-RuName-abc", "SELLERBEAT_EBAY_AUTH_URL": "https://auth.sandbox.ebay.com"}


def ticket(house: House, url: str) -> Ticket:
    read = house.store.consents.read(parse_qs(urlsplit(url).query)["state"][0])
    assert isinstance(read, Ticket)
    return read


def test_the_address_of_a_seller_is_ebays_and_holds_whose_it_is_sealed(house: House) -> None:
    said = house.command("connect", "mona", "--json", "--valid-for", "12h", "--backfill", "60d", "--offers", variables=RUNAME)

    url = said.object["url"]
    query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    assert (said.code, said.err) == (0, "")
    assert url.startswith("https://auth.sandbox.ebay.com/oauth2/authorize?")
    assert query["client_id"] == house.world.accounts.client_id
    assert (query["redirect_uri"], query["response_type"], query["prompt"]) == ("Some-RuName-abc", "code", "login")
    assert query["scope"].split() == list(SCOPES)
    assert "mona" not in url
    read = ticket(house, url)
    assert (read.seller_id, read.options) == ("mona", {"backfill": 60 * 86400, "offers": True})
    assert said.object["expires_at"] == f"{read.expires_at:%Y-%m-%dT%H:%M:%S}.{read.expires_at.microsecond // 1000:03}Z"
    assert timedelta(hours=11, minutes=59) < read.expires_at - datetime.now(UTC) <= timedelta(hours=12)


def test_two_addresses_are_never_the_same_and_a_person_is_told_their_end(house: House) -> None:
    began = datetime.now(UTC)
    first, second = (house.command("connect", "nina", variables=RUNAME).out for _ in range(2))

    assert first.splitlines()[0] != second.splitlines()[0]
    ends = {f"{now + timedelta(days=3):%Y-%m-%d}" for now in (began, datetime.now(UTC))}  # two, where midnight lies between
    assert any(f"For nina alone: good once, until {end}" in first for end in ends), first


@pytest.mark.parametrize("given", ["https://api.ebay.com/oauth/api_scope", "https://api.ebay.com/oauth/api_scope,more"])
def test_whose_account_it_is_is_always_asked_for(house: House, given: str) -> None:
    url = house.command("connect", "olga", "--json", "--scopes", given, variables=RUNAME).object["url"]

    asked = parse_qs(urlsplit(url).query)["scope"][0].split()
    assert asked == [*given.split(","), "https://api.ebay.com/oauth/api_scope/commerce.identity.readonly"]
    assert ticket(house, url).scopes == given.split(",")


def test_a_removed_sellers_links_are_dead_and_an_erased_one_leaves_none(house: House) -> None:
    house.enroll("pia")
    state = parse_qs(urlsplit(house.command("connect", "pia", "--json", variables=RUNAME).object["url"]).query)["state"][0]
    house.command("remove", "pia")

    read = house.store.consents.read(state)

    assert isinstance(read, Ticket)
    assert house.store.consents.claim(read, "code") is Unclaimed.EXPIRED
    assert house.rows("SELECT 1 FROM sellerbeat.consents WHERE seller_id = 'pia'") == []


def test_a_link_of_an_app_has_its_name_and_where_the_seller_goes_afterwards(house: House) -> None:
    origins = {"SELLERBEAT_RETURN_ORIGINS": "https://app.example.com"}
    given = ("--return-to", "https://app.example.com/back", "--app", "Fritz & Sons", "--json")

    url = house.command("connect", "rita", *given, variables=RUNAME | origins).object["url"]
    elsewhere = house.command("connect", "rita", *given, variables=RUNAME)
    with_a_token = house.command("connect", "rita", *given, "--refresh-token-file", "-", stdin="token", variables=RUNAME | origins)

    assert ticket(house, url).back == {"to": "https://app.example.com/back", "app": "Fritz & Sons"}
    assert "app.example.com" not in url
    assert "SELLERBEAT_RETURN_ORIGINS" in elsewhere.failure(2)
    assert "--return-to" in with_a_token.failure(2)
