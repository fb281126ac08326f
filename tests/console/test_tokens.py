"""What an operator does with tokens and keys: when consents end, and changing the key. No worker runs here: none is needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import LargeBinary

from ebay.oauth import key_of
from store import Vault
from store.schema.every_table import metadata
from store.sellers.consents import Ticket
from tests.support.house import House


def test_status_tells_when_the_consent_ends(house: House) -> None:
    house.enroll("anna")
    ends = datetime.fromisoformat(house.command("status", "anna", "--json").object["token_ends_at"])

    assert timedelta(days=547) < ends - datetime.now(UTC) < timedelta(days=548)
    assert f"the consent ends on {ends:%Y-%m-%d}" in house.command("status", "anna").out


def test_enrolling_and_connecting_take_the_end_that_they_are_given(house: House) -> None:
    soon, late = (f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}" for days in (10, 400))
    house.enroll("bert", "--refresh-token-expires", soon)
    near = house.store.seller("bert")["token_ends_at"]
    alert = [alert for alert in house.command("alerts", "--json").objects if alert["seller_id"] == "bert"]
    renewed = house.world.accounts.renew("bert")

    said = house.command("connect", "bert", "--refresh-token-file", "-", "--refresh-token-expires", late, stdin=renewed)

    assert (said.code, said.err) == (0, "")
    assert near == f"{soon}T00:00:00.000Z"
    assert [(one["kind"], soon in one["text"]) for one in alert] == [("token_ends", True)]
    assert house.store.seller("bert")["token_ends_at"] == f"{late}T00:00:00.000Z"
    assert [event["type"] for event in house.events("bert")] == ["seller.connected", "alert.opened", "alert.closed"]


@pytest.mark.parametrize("day", ["2020-01-01", "soon", "2028-13-01", "2028-01-01T00:00:00Z"])
def test_a_day_that_is_none_or_over_is_refused(house: House, day: str) -> None:
    line = house.command("connect", "anna", "--refresh-token-file", "-", "--refresh-token-expires", day, stdin="token").failure(2)

    assert day in line


def test_rotating_keys_frees_the_old_key_while_nothing_stops(house: House) -> None:
    house.enroll("carla")
    new = Fernet.generate_key().decode()
    both = f"{new},{house.key}"

    said = house.command("rotate-keys", "--json", SELLERBEAT_SECRET_KEYS=both)
    again = house.command("rotate-keys", SELLERBEAT_SECRET_KEYS=new)  # the old key is gone

    assert said.object["rotated"] >= 1
    assert again.out == "tokens of 0 sellers and 0 secrets of endpoints are encrypted anew; no other key than the first is needed now\n"
    assert house.world.refresh_token("carla") not in said.out + said.err
    assert house.command("rotate-keys", SELLERBEAT_SECRET_KEYS=f"{house.key},{new}").code == 0  # and back, for the other tests


def test_a_key_that_is_dropped_too_early_is_said_with_the_sellers(house: House) -> None:
    house.enroll("dora")
    enrolled = house.store.enrolled()

    line = house.command("rotate-keys", SELLERBEAT_SECRET_KEYS=Fernet.generate_key().decode()).failure(1)

    assert line == (
        "0 sellers' tokens and 0 secrets of endpoints are encrypted anew; "
        f"no key in SELLERBEAT_SECRET_KEYS opens those of {', '.join(enrolled)}, the key of hashes"
    )


SEALED = {"tokens.refresh_token", "tokens.access_token", "notifications.person", "endpoint_secrets.secret", "consents.sealed"} | {
    "deletions.sealed",
    "secrets.sealed",
}
HASHES = {f"{table}.digest" for table in ("orders", "fulfillments", "inventory", "offers")} | {
    "accounts.name",
    "accounts.eias",
    "consents.code",
    "deletions.name",
    "deletions.person",
}
WITHOUT_A_KEY = {"api_tokens.hash", "idempotency_keys.request"}  # of 256 random bits, and of a request


def test_every_column_that_a_key_encrypts_is_encrypted_anew(house: House) -> None:
    columns = {
        f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.c if isinstance(column.type, LargeBinary)
    }
    assert columns == SEALED | HASHES | WITHOUT_A_KEY  # a new one is to be rotated too
    house.enroll("emil")
    store = house.store
    with store.tokens.locked("emil") as row:
        row.renew("access-1", datetime.now(UTC) + timedelta(hours=2))
    store.endpoints.add("https://shop.example.com/", ["*"])
    store.notifications.save("n-1", "MARKETPLACE_ACCOUNT_DELETION", person={"user_id": "u-1"}, mapped=False)
    store.deletions.take("somebody", "u-2", "n-2")
    ticket = store.consents.read(store.consents.issue("fritz", timedelta(hours=1))[0])
    assert isinstance(ticket, Ticket)
    store.consents.claim(ticket, "code")
    store.consents.save_code(ticket, "code", "what eBay gave")
    new = Fernet.generate_key().decode()

    assert house.command("rotate-keys", SELLERBEAT_SECRET_KEYS=f"{new},{house.key}").code == 0
    unread = {}
    for column in sorted(SEALED):
        table, name = column.split(".")
        found = [one for (one,) in house.rows(f"SELECT {name} FROM sellerbeat.{table} WHERE {name} IS NOT NULL")]
        unread[column] = len(found), sum(Vault([new]).renewed(one) is not None for one in found)
    assert house.command("rotate-keys", SELLERBEAT_SECRET_KEYS=f"{house.key},{new}").code == 0  # and back, for the other tests

    assert {column for column, (rows, _) in unread.items() if not rows} == set()
    assert {column: old for column, (_, old) in unread.items() if old} == {}


def test_what_no_key_opens_is_named_and_keeps_nothing_else_under_the_old_one(house: House) -> None:
    house.enroll("gerd")
    house.store.hashes.key()
    house.store.deletions.take("somebody", "u-3", "n-3")

    line = house.command("rotate-keys", SELLERBEAT_SECRET_KEYS=Fernet.generate_key().decode()).failure(1)

    assert "gerd" in line
    assert "the key of hashes" in line
    assert "who is to be forgotten" in line


def test_a_token_is_kept_with_the_key_that_proved_it(house: House) -> None:
    house.enroll("kim")
    enrolled = house.rows("SELECT client FROM sellerbeat.tokens WHERE seller_id = 'kim'")
    with house.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sellerbeat.tokens SET client = NULL, refused_at = now(), tried_client = 'another'")

    said = house.command("connect", "kim", "--refresh-token-file", "-", stdin=house.world.accounts.renew("kim"))

    ours = key_of(house.world.accounts.client_id, house.environment["SELLERBEAT_EBAY_API_URL"])
    assert said.code == 0
    assert enrolled == [(ours,)]
    assert house.rows("SELECT client, refused_at, tried_client FROM sellerbeat.tokens WHERE seller_id = 'kim'") == [(ours, None, None)]


def test_a_new_token_is_taken_where_no_key_opens_what_accounts_are_compared_by(house: House) -> None:
    house.enroll("frida")
    token, key = house.world.accounts.renew("frida"), Fernet.generate_key().decode()

    said = house.command("connect", "frida", "--refresh-token-file", "-", stdin=token, SELLERBEAT_SECRET_KEYS=key)

    assert (said.code, said.err) == (0, "")
