"""`starter.py token` and `starter.py audit`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from domain.scopes import Scope
from operations.authors import operating_system_user
from tests.support.house import House

ME = str(operating_system_user())


def test_a_token_is_made_listed_without_itself_and_revoked(house: House) -> None:
    made = house.command("token", "create", "shop", "--scope", "read", "--seller", "anna", "--seller", "b-2", "--expires", "90d", "--json")
    named = house.command("token", "create", "ci", "--scope", "admin", "--ebay")
    listed = house.command("token", "list", "--json")
    people = house.command("token", "list")
    found = house.store.api_tokens.find(made.object["token"])
    revoked = house.command("token", "revoke", made.object["id"], "--json")
    by_name = house.command("token", "revoke", "ci")

    one = made.object
    ends = datetime.fromisoformat(one["expires_at"])
    assert made.code == 0
    assert {"id", "name", "token"} <= one.keys()
    assert timedelta(days=89) < ends - datetime.now(UTC) < timedelta(days=91)
    assert found
    assert (found.id, found.scope, found.ebay, found.sellers) == (one["id"], Scope.READ, False, frozenset({"anna", "b-2"}))
    assert one["token"] not in listed.out + people.out
    rows = {row["name"]: row for row in listed.objects}
    assert rows["shop"].items() >= {"scope": "read", "sellers": ["anna", "b-2"], "state": "active", "created_by": ME}.items()
    assert rows["ci"].items() >= {"scope": "admin", "sellers": None, "ebay": True, "expires_at": None}.items()
    assert "shop" in people.out
    assert "shown this once" in named.out
    assert revoked.object == {"id": one["id"], "name": "shop", "state": "revoked"}
    assert by_name.out == f"token ci ({rows['ci']['id']}) is revoked\n"
    assert house.store.api_tokens.find(one["token"]) is None
    acts = [(act["action"], act["author"], act["subject"]) for act in house.store.audit.read(action="token.*")]
    assert acts[::-1] == [
        ("token.create", ME, one["id"]),
        ("token.create", ME, rows["ci"]["id"]),
        ("token.revoke", ME, one["id"]),
        ("token.revoke", ME, rows["ci"]["id"]),
    ]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["a b", "--scope", "feed"], "1 to 60"),
        (["x" * 61, "--scope", "feed"], "1 to 60"),
        (["ADMIN_TOKEN", "--scope", "feed"], "choose another"),
        (["shop"], "--scope"),
        (["shop", "--scope", "root"], "root"),
        (["shop", "--scope", "feed", "--seller", "a b"], "seller id"),
        (["shop", "--scope", "feed", "--expires", "10s"], "10s"),
        (["shop", "--scope", "feed", "--expires", "4000d"], "4000d"),
    ],
)
def test_a_token_that_cannot_be_is_wrong_usage(house: House, options: list[str], named: str) -> None:
    assert named in house.command("token", "create", *options).failure(2)


def test_a_name_that_is_taken_or_unknown_is_said(house: House) -> None:
    assert house.command("token", "create", "twice", "--scope", "feed").code == 0

    assert "twice" in house.command("token", "create", "twice", "--scope", "feed").failure(1)
    assert "token list" in house.command("token", "revoke", "nobody").failure(1)
    assert "token list" in house.command("token", "revoke", "no body").failure(1)


def test_the_audit_is_found_by_seller_author_action_and_age(house: House) -> None:
    log = house.store.audit
    for number, (author, action, seller) in enumerate(
        [("token:ci", "seller.pause", "s-1"), ("page", "seller.resume", "s-1"), ("token:ci", "endpoint.add", None)]
    ):
        log.end(log.begin(author, action, seller, after={"number": number}), done=True)
    old = log.begin("token:ci", "seller.pause", "s-1")
    with house.store.engine.begin() as connection:
        connection.execute(text("UPDATE sellerbeat.audit SET at = now() - interval '8 days' WHERE id = :id"), {"id": old})

    def found(*options: str) -> list[str]:
        return [act["action"] for act in house.command("audit", *options, "--json").objects]

    assert found("--seller", "s-1") == ["seller.pause", "seller.resume", "seller.pause"]
    assert found("--seller", "s-1", "--since", "7d") == ["seller.resume", "seller.pause"]
    assert found("--author", "token:ci", "--last", "2") == ["seller.pause", "endpoint.add"]
    assert found("--seller", "s-1", "--action", "seller.pa*") == ["seller.pause"] * 2
    assert found("--author", "nobody") == []
    assert "number 1" in house.command("audit", "--seller", "s-1").out
    assert house.command("audit", "--author", "nobody").out == "nothing was done\n"


def test_what_the_command_line_does_to_the_installation_stands_in_the_audit(house: House) -> None:
    house.command("rotate-keys")
    house.command("erasures", "--again")
    house.command("set-aside", "--retry", "4711").failure(1)  # nothing to try: no act

    acts = [(act["action"], act["author"], act["outcome"]) for act in house.store.audit.read(author=ME, limit=2)]
    assert acts == [("erasures.again", ME, "done"), ("keys.rotate", ME, "done")]
