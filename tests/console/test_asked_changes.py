"""Which changes `changes` shows, sellers that nobody knows, and what there is to say where there is nothing yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from store.events import newest
from store.schema.kinds import AlertKind
from tests.support.house import House

MANY = 30
AGED = text("UPDATE sellerbeat.change_events SET detected_at = detected_at - (interval '1 hour' * (:last - position))")


@pytest.fixture(scope="module")
def positions(house: House) -> list[int]:
    """Of 60 changes: alerts of the fleet opened and closed by turns, an hour apart; before them anna was enrolled."""
    house.enroll("anna")
    for _ in range(MANY):
        house.store.open_alert(AlertKind.PLANNER_LATE, "the planner is late")
        house.store.close_alert(AlertKind.PLANNER_LATE)
    found = [event["position"] for event in house.events()]
    with house.store.engine.begin() as connection:
        connection.execute(AGED, {"last": found[-1]})
    return found


def shown(house: House, *arguments: str) -> list[int]:
    """Positions, as people see them."""
    said = house.command("changes", *arguments)
    assert (said.code, said.err) == (0, "")
    return [int(line.split()[0]) for line in said.out.splitlines()]


def printed(house: House, *arguments: str) -> list[int]:
    """Positions, as programs do."""
    return [event["position"] for event in house.command("changes", "--json", *arguments).objects]


def test_people_see_the_newest_twenty_in_order_and_programs_all(house: House, positions: list[int]) -> None:
    assert shown(house) == positions[-20:]
    assert printed(house) == positions


@pytest.mark.parametrize("count", [1, 7, 61, 1000])
def test_the_last_so_many_are_shown_in_order(house: House, positions: list[int], count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newest, "SCAN", 10)  # no one statement finds them

    assert shown(house, "--last", str(count)) == printed(house, "--last", str(count)) == positions[-count:]
    assert printed(house, "--last", "3", "--after", str(positions[-2])) == positions[-1:]


def test_a_type_is_chosen_before_the_last_are_counted(house: House, positions: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newest, "SCAN", 4)
    opened = [event["position"] for event in house.events() if event["type"] == "alert.opened"]

    assert shown(house, "--type", "alert.opened", "--last", "5") == opened[-5:]
    assert printed(house, "--type", "alert.opened") == opened
    assert printed(house, "--type", "seller.*,order.*", "--type", "alert.closed") == [one for one in positions if one not in opened]
    assert shown(house, "--type", "seller.*", "--last", "5") == shown(house, "--seller", "anna") == positions[:1]


@pytest.mark.parametrize("hours", [1, 10, 59, 1000])
def test_since_a_time_is_since_then_and_not_before(house: House, positions: list[int], hours: int) -> None:
    began = datetime.now(UTC) - timedelta(hours=hours, minutes=-10)  # the fixture took a while
    since = [event["position"] for event in house.events() if event["detected_at"] >= began.isoformat(timespec="milliseconds")[:23] + "Z"]

    assert printed(house, "--since", began.isoformat()) == shown(house, "--since", began.isoformat()) == since
    assert len(since) == min(hours, len(positions))
    assert shown(house, "--since", began.isoformat(), "--last", "1") == positions[-1:]


@pytest.mark.parametrize(
    "command",
    [
        *("status {}", "changes --seller {}", "alerts --seller {}", "set-aside --seller {}", "deliveries --seller {}", "audit --seller {}"),
        *("replay --seller {}", "snapshot {} orders", "reconcile --seller {}", "endpoint add https://example.com --seller {}"),
        *("changes --follow --seller {}", "mode {} shadow", "poll-now {}", "active {}", "pause {}", "remove {}"),
    ],
)
def test_a_seller_that_nobody_knows_is_an_error_that_says_how_to_list_them(house: House, command: str) -> None:
    line = house.command(*command.format("nobody").split()).failure(1)

    assert line == "seller nobody is not enrolled; starter.py list shows all sellers"


def test_where_there_is_nothing_yet_it_is_said_what_to_do_first(house: House, empty_database: str) -> None:
    assert house.command("migrate", SELLERBEAT_DATABASE_URL=empty_database).code == 0
    said = {
        command: house.command(*command.split(), SELLERBEAT_DATABASE_URL=empty_database)
        for command in ("list", "changes", "deliveries", "endpoints", "token list", "reconcile", "watch", "audit")
    }

    assert {one.code for one in said.values()} == {0}
    for command in ("list", "watch"):
        assert "starter.py connect SELLER" in said[command].out
    assert "starter.py list" in said["changes"].out
    assert "starter.py endpoint add URL" in said["deliveries"].out
    assert "starter.py endpoint add URL" in said["endpoints"].out
    assert "starter.py token create NAME" in said["token list"].out
    assert "starter.py mode SELLER shadow" in said["reconcile"].out


def test_a_watch_without_a_terminal_is_shown_once_and_says_so(house: House, positions: list[int]) -> None:
    said = house.command("watch", COLUMNS="80")
    fields = house.command("watch", "--json").object

    assert (said.code, said.err) == (0, "")
    assert said.out.endswith("shown once, as this is no terminal\n")
    assert "alert.closed" in said.out
    assert max(map(len, said.out.splitlines())) <= 80
    assert fields["states"] == {"polling": 1}
    assert [event["position"] for event in fields["changes"]] == positions[-40:]


def test_long_ids_and_titles_of_all_kinds_stand_whole(house: House) -> None:
    longest = "s-" + "x" * 98
    house.enroll(longest)
    house.command("pause", longest, "--reason", "\u0643\u062a\u0627\u0628 \U0001f4da \u4e66\u7684\u540d\u5b57 \x1b[31m")
    house.store.save_overrides(longest, {"paused": "\u0643\u062a\u0627\u0628 \U0001f4da \u4e66"})

    for width in ("60", "80", "120"):
        said = house.command("list", COLUMNS=width)
        assert longest in said.out
        assert "\u0643\u062a\u0627\u0628 \U0001f4da \u4e66" in said.out
        assert "\x1b" not in said.out


def test_a_sellers_day_is_shown_hour_by_hour_and_as_one_object(house: House, positions: list[int]) -> None:
    house.store.open_alert(AlertKind.LATE, "no good poll for 3 intervals", "anna", about="orders")

    said, printed_day = house.command("status", "anna", "--day").out, house.command("status", "anna", "--day", "--json").object

    assert said.startswith("anna, the last 24 hours (UTC): 1 act, 1 alert opened or closed\n")
    assert "late:orders opened: no good poll for 3 intervals" in said
    assert [(one["kind"], one["count"], one["parts"]) for one in printed_day["buckets"]] == [
        ("acts", 1, {"enrolled": 1}),
        ("alerts", 1, {"late:orders opened": 1}),
    ]
    wrong = house.command("status", "anna", "--day", "--follow")
    assert (wrong.code, wrong.err) == (2, "starter: --day and --follow show different things: leave one of them out\n")
    assert house.command("status", "nobody", "--day").code == 1
