"""Endpoints from the command line: registered, tested, switched, removed; the log; sending again."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from standardwebhooks import Webhook

from operations.authors import operating_system_user
from operations.health import examined, mail, where_deliveries_go
from operations.visit import Visit
from settings import Settings
from tests.deliveries.hand import change
from tests.outbound.targets import FORBIDDEN
from tests.support.house import House, Said
from tests.support.mailboxes import MailServerThread
from tests.support.receivers import Receiver, answering

LOOPBACK = {"SELLERBEAT_DELIVERY_LOOPBACK": "true"}


@pytest.fixture(autouse=True)
def nothing_left(house: House) -> Iterator[None]:
    yield
    for one in house.store.endpoints.all():
        house.store.endpoints.remove(one.id)


def add(house: House, url: str, *options: str) -> Said:
    return house.command("endpoint", "add", url, *options, "--json", variables=LOOPBACK)


def test_an_endpoint_is_added_with_a_secret_that_is_shown_once(house: House) -> None:
    said = add(house, "http://127.0.0.1:9/hook", "--types", "order.*", "--types", "alert.opened", "--thin")
    (row,) = house.command("endpoints", "--json").objects
    shown = house.command("endpoints")

    secret = said.object["secret"]
    assert secret.startswith("whsec_")
    assert (row["types"], row["thin"], row["state"], row["waiting"]) == (["order.*", "alert.opened"], True, "on", 0)
    assert said.object["id"] in shown.out
    assert secret not in str(row) + shown.out
    assert secret.encode() not in bytes(house.rows("SELECT secret FROM sellerbeat.endpoint_secrets")[0][0])


def test_a_name_stands_wherever_an_endpoint_is_named(house: House) -> None:
    made = add(house, "http://127.0.0.1:9/", "--name", "shop-app").object
    endpoint = made["id"]

    house.command("endpoint", "change", "shop-app", "--name", "Shop", "--types", "order.*")
    acts = [house.command("endpoint", act, "shop", "--json").object for act in ("disable", "enable", "deliver-now")]
    log = house.command("deliveries", "--endpoint", "Shop")
    again = house.command("replay", "--endpoint", "Shop", "--from", "1", "--json").object
    shown = house.command("endpoints")
    taken = add(house, "http://127.0.0.1:9/", "--name", "SHOP")

    assert made["name"] == "shop-app"
    assert [one["id"] for one in acts] == [endpoint] * 3
    assert (log.code, again) == (0, {"messages": 0, "id": None})
    assert f"Shop ({endpoint})" in shown.out
    assert "another endpoint is called SHOP" in taken.failure(1)
    assert "a name has 1 to 60 letters" in add(house, "http://127.0.0.1:9/", "--name", "my shop").failure(2)
    assert "there is no endpoint of this id or name" in house.command("endpoint", "enable", "nobodys").failure(1)


def test_its_secret_rotates(house: House) -> None:
    added = add(house, "http://127.0.0.1:9/").object
    endpoint, old = added["id"], added["secret"]

    anew = house.command("endpoint", "secret", endpoint, "--rotate", "--json").object["secret"]
    both = house.store.endpoints.secrets(endpoint)
    house.command("endpoint", "secret", endpoint, "--drop-old")

    assert both == [anew, old]
    assert house.store.endpoints.secrets(endpoint) == [anew]


def test_its_secret_moves_to_the_first_key_with_the_tokens(house: House) -> None:
    endpoint = add(house, "http://127.0.0.1:9/").object["id"]
    fresh = house.command("new-key").out.strip()
    before = house.rows("SELECT secret FROM sellerbeat.endpoint_secrets")

    rotated = house.command("rotate-keys", "--json", SELLERBEAT_SECRET_KEYS=f"{fresh},{house.environment['SELLERBEAT_SECRET_KEYS']}")
    without = house.command("endpoint", "test", endpoint, variables=LOOPBACK)
    house.command("rotate-keys", SELLERBEAT_SECRET_KEYS=f"{house.environment['SELLERBEAT_SECRET_KEYS']},{fresh}")

    assert rotated.object["secrets"] == 1
    assert house.rows("SELECT secret FROM sellerbeat.endpoint_secrets") != before
    assert "SELLERBEAT_SECRET_KEYS" in without.failure(1)


def test_a_test_event_is_signed_and_its_answer_shown(house: House) -> None:
    with Receiver(answering(204, 404)) as receiver:
        added = add(house, receiver.url).object
        endpoint, secret = added["id"], added["secret"]
        well = house.command("endpoint", "test", endpoint, "--json", variables=LOOPBACK)
        ill = house.command("endpoint", "test", endpoint, variables=LOOPBACK)
        strict = house.command("endpoint", "test", endpoint)

    content = Webhook(secret).verify(receiver.posts[0].body, dict(receiver.posts[0].headers))
    assert (well.object["status"], well.object["outcome"]) == (204, "delivered")
    assert content["type"] == "endpoint.test"
    assert "404" in ill.failure(1)
    assert "was not reached" in strict.failure(1)
    assert len(receiver.posts) == 2


def test_a_receiver_of_ones_own_is_added_and_tested_where_its_network_is_named(house: House) -> None:
    with Receiver(host="127.0.0.2") as receiver:
        url = f"http://127.0.0.2:{receiver.port}/hook"
        named = {"SELLERBEAT_DELIVERY_NETWORKS": f"10.20.0.0/16:8080,127.0.0.2:{receiver.port}"}
        refused = house.command("endpoint", "add", url)
        endpoint = house.command("endpoint", "add", url, "--json", variables=named).object["id"]
        well = house.command("endpoint", "test", endpoint, "--json", variables=named)
        strict = house.command("endpoint", "test", endpoint, SELLERBEAT_DELIVERY_NETWORKS=f"127.0.0.2:{receiver.port % 65535 + 1}")
        wrong = house.command("endpoint", "test", endpoint, SELLERBEAT_DELIVERY_NETWORKS="0.0.0.0/0:80")

    assert "URL: 127.0.0.2: not https" in refused.failure(2)
    assert (well.object["status"], len(receiver.posts)) == (200, 1)
    assert "in no network that is named with this port" in strict.failure(1)
    assert "SELLERBEAT_DELIVERY_NETWORKS: '0.0.0.0/0:80' lies within no network that the internet does not reach" in wrong.failure(2)


def test_the_doctor_says_where_deliveries_may_go() -> None:
    named = Settings(_env_file=None, delivery_networks="10.20.0.0/16:8080, [fd00:1::/64]:80-90", delivery_loopback=True)

    assert where_deliveries_go(Settings(_env_file=None)) == "to the internet by https on 443 and 8443, to no private address"
    assert where_deliveries_go(named) == (
        "to the internet by https on 443 and 8443, to receivers at 10.20.0.0/16:8080, [fd00:1::/64]:80-90 by plain http too, "
        "to this machine's loopback"
    )


def test_it_is_switched_off_and_on_and_removed(house: House) -> None:
    endpoint = add(house, "http://127.0.0.1:9/").object["id"]

    states = []
    for act in ("disable", "enable"):
        assert house.command("endpoint", act, endpoint).code == 0
        states.append(house.command("endpoints", "--json").object["state"])
    assert house.command("endpoint", "remove", endpoint).code == 0

    assert states == ["off", "on"]
    assert "no endpoints" in house.command("endpoints").out
    assert "no endpoint" in house.command("endpoint", "enable", endpoint).failure(1)


def test_what_is_named_is_changed_and_the_rest_stays(house: House) -> None:
    endpoint = add(house, "http://127.0.0.1:9/", "--types", "order.*").object["id"]

    typed = house.command("endpoint", "change", endpoint, "--types", "alert.*", "--thin", "--json").object
    moved = house.command("endpoint", "change", endpoint, "--url", "http://127.0.0.1:10/", "--whole", "--json", variables=LOOPBACK).object
    refused = house.command("endpoint", "change", endpoint, "--url", "http://127.0.0.1:11/").failure(2)

    assert (typed["types"], typed["thin"], typed["url"]) == (["alert.*"], True, "http://127.0.0.1:9/")
    assert (moved["types"], moved["thin"], moved["url"]) == (["alert.*"], False, "http://127.0.0.1:10/")
    assert "URL: 127.0.0.1" in refused
    assert house.store.endpoints.one(endpoint).url == "http://127.0.0.1:10/"


def test_what_failed_is_tried_at_once_unless_it_is_switched_off(house: House) -> None:
    endpoint = add(house, "http://127.0.0.1:9/").object["id"]
    nothing = house.command("endpoint", "deliver-now", endpoint)
    with house.store.engine.begin() as connection:
        connection.exec_driver_sql(f"""
            INSERT INTO sellerbeat.delivery_lanes (endpoint_id, seller_id, sequence, tries, retry_at, tell_at)
            SELECT '{endpoint}', 'zoe', 0, 7, clock_timestamp() + interval '1 day', clock_timestamp() + interval '1 day'""")
    again = house.command("endpoint", "deliver-now", endpoint, "--json").object
    house.command("endpoint", "disable", endpoint)

    assert "nothing waited for a later try" in nothing.out
    assert again == {"id": endpoint, "retried": 1, "freed": 0}
    assert house.rows(
        "SELECT tries, schedule_from, retry_at, tell_at <= clock_timestamp() FROM sellerbeat.delivery_lanes WHERE seller_id = 'zoe'"
    ) == [(7, 7, None, True)]
    assert f"starter.py endpoint enable {endpoint}" in house.command("endpoint", "deliver-now", endpoint).failure(1)


def test_who_did_it_stands_in_the_audit(house: House) -> None:
    endpoint = add(house, "http://127.0.0.1:9/the-path-is-a-secret").object["id"]
    house.command("endpoint", "disable", endpoint)

    off, added = house.store.audit.read(limit=2)
    assert (off["author"], off["action"], off["subject"], off["outcome"]) == (
        str(operating_system_user()),
        "endpoint.disable",
        endpoint,
        "done",
    )
    assert (added["action"], added["after"]["url"]) == ("endpoint.add", "http://127.0.0.1:9")


def test_changes_are_sent_again_by_id_by_range_and_by_seller(house: House) -> None:
    house.enroll("anna")
    endpoint = add(house, "http://127.0.0.1:9/", "--seller", "anna").object["id"]
    change(house.store, "anna", ["o-1", "o-2", "o-3"])
    events = [event for event in house.store.feed.read(seller="anna", limit=1000) if event["type"] == "order.created"][-3:]
    early = house.command("replay", events[0]["id"], "--json").object
    with house.store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE sellerbeat.delivery_lanes SET sequence = 1000000")

    by_id = house.command("replay", events[0]["id"], events[1]["id"], "--json").object
    by_range = house.command("replay", "--from", str(events[2]["position"]), "--to", str(events[2]["position"]), "--json").object
    by_seller = house.command("replay", "--seller", "anna", "--endpoint", endpoint, "--json").object

    assert early == {"messages": 0, "id": None}  # not delivered yet: it comes anyway
    assert (by_id["messages"], by_range["messages"]) == (2, 1)
    assert by_seller["messages"] >= 3
    assert house.store.deliveries.waiting(endpoint).again == by_seller["messages"]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["endpoint"], "name a command"),
        (["endpoint", "add"], "URL"),
        (["endpoint", "add", "https://1.1.1.1/", "--types", "orders.*"], "order.*"),
        (["endpoint", "add", "https://user@1.1.1.1/"], "user name"),
        (["endpoint", "add", "https://1.1.1.1/", "--seller", "a/b"], "--seller"),
        (["endpoint", "change", "ep-none"], "--url"),
        (["endpoint", "secret", "ep-none"], "--rotate"),
        (["endpoint", "secret", "ep-none", "--rotate", "--drop-old"], "--rotate"),
        (["deliveries", "--limit", "0"], "--limit"),
        (["replay"], "--seller"),
        (["replay", "--from", "0"], "--from"),
        (["replay", "--from", "9", "--to", "3"], "--to"),
    ],
)
def test_wrong_usage_is_said_in_one_line(house: House, arguments: list[str], named: str) -> None:
    assert named in house.command(*arguments).failure(2)
    assert house.store.endpoints.all() == []


@pytest.mark.parametrize("arguments", [["replay", "--seller", "anna", "--endpoint", "ep-none"], ["replay", "no-such-id"]])
def test_what_is_not_there_is_not_sent_again(house: House, arguments: list[str]) -> None:
    assert "no" in house.command(*arguments).failure(1)


def test_a_forbidden_target_is_refused_at_the_registration(house: House) -> None:
    hosts = [f"[{address}]" if ":" in address else address for address in FORBIDDEN]
    urls = [*(f"https://{host}/" for host in hosts), "http://127.0.0.1:80/", "https://localhost/", "ftp://1.1.1.1/", "https://1.1.1.1:22/"]

    said = [house.command("endpoint", "add", url).failure(2) for url in urls]

    assert len(urls) >= 40
    assert [line for line in said if "URL: " not in line] == []
    assert house.store.endpoints.all() == []


def test_an_endpoint_of_a_seller_needs_the_seller(house: House) -> None:
    assert "not enrolled" in house.command("endpoint", "add", "https://1.1.1.1/", "--seller", "nobody").failure(1)


def test_the_log_shows_the_answers(house: House) -> None:
    assert json.loads(house.command("deliveries", "--json").out or "[]") == []
    assert "no such deliveries" in house.command("deliveries", "--failed", "--seller", "anna").out
    assert "nothing was sent" in house.command("deliveries").out


def test_people_are_added_by_the_kind_of_their_endpoint(house: House) -> None:
    with Receiver() as receiver, MailServerThread() as server:
        smtp = {"SELLERBEAT_SMTP_URL": f"smtp://127.0.0.1:{server.port}?starttls=off&from=alerts@example.com"}
        chat = add(house, receiver.url + "/secret-in-the-path", "--kind", "chat").object
        unset = add(house, "ops@example.com", "--kind", "mail")
        mail = house.command("endpoint", "add", "ops@example.com", "--kind", "mail", "--json", variables=smtp).object
        wrong = add(house, receiver.url, "--kind", "chat", "--types", "order.*")
        tried = [house.command("endpoint", "test", one["id"], variables=LOOPBACK | smtp).out for one in (chat, mail)]
        shown = house.command("endpoints")

    assert "SELLERBEAT_SMTP_URL is not set" in unset.failure(1)
    assert "--types: is of webhooks alone" in wrong.failure(2)
    assert (chat["secret"], mail["url"]) == ("", "mailto:ops@example.com")
    assert ["answered 200" in tried[0], "answered 250" in tried[1]] == [True, True]
    assert (len(receiver.posts), len(server.letters)) == (1, 1)
    assert "alerts" in shown.out
    assert "secret-in-the-path" not in str(chat) + shown.out
    assert b"secret-in-the-path" not in b"".join(bytes(row[0]) for row in house.rows("SELECT secret FROM sellerbeat.endpoint_secrets"))


@pytest.mark.parametrize(
    ("refusing", "found"),
    [({}, "can be sent by smtp://127.0.0.1:"), ({"AUTH": "535 secret words"}, "answered 535: it knows not this user and password")],
)
async def test_the_doctor_says_whether_mail_can_be_sent(refusing: dict[str, str], found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with MailServerThread(refusing=refusing) as server:
        monkeypatch.setenv("SELLERBEAT_SMTP_URL", f"smtp://ops%40example.com:canary@127.0.0.1:{server.port}?starttls=off")
        row = await examined("mail", mail, Visit())

    assert found in row["found"]
    assert row["ok"] is not bool(refusing)
    assert "canary" not in row["found"]
    assert "secret words" not in row["found"]
    assert server.letters == []
