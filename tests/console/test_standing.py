"""What `status` shows a tired person: what to do, how far long work is, and nothing that says nothing; and the shell's completion."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from domain.seller_state import SpeedUpFacts
from operations import status
from operations.status import merged
from operations.times import due
from starter import commands
from store.schema.kinds import AlertKind
from store.schema.times import iso
from tests.support.house import ROOT, House
from tests.support.waiting import eventually_here
from workflows.messages import SellerStatus

HALF = """
    UPDATE sellerbeat.streams SET cursor = cursor + (CAST(reading ->> -1 AS timestamptz) - cursor) / 2
    WHERE seller_id = :seller AND stream = 'backfill'
"""
SWEEPING = """UPDATE sellerbeat.streams SET reading = CAST(:reading AS jsonb) WHERE seller_id = :seller AND stream = 'sweep'"""
FAILED = """
    UPDATE sellerbeat.streams SET failures = 4, last_error = 'StoreUnavailableError: [/red] gone' WHERE seller_id = :seller
        AND stream = 'orders'
"""


@pytest.fixture(autouse=True)
def nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no worker here; nothing is gained by waiting for one."""
    monkeypatch.setattr(status, "PATIENCE", timedelta(milliseconds=100))


def put(house: House, statement: str, **values: str) -> None:
    with house.store.engine.begin() as connection:
        connection.execute(text(statement), values)


def test_status_shows_how_far_a_backfill_is(house: House) -> None:
    house.enroll("ben", "--backfill", "10d")
    assert house.command("status", "ben", "--json").object["streams"]["backfill"]["progress"] == 0

    put(house, HALF, seller="ben")

    assert house.command("status", "ben", "--json").object["streams"]["backfill"]["progress"] == pytest.approx(0.5, abs=0.001)
    assert f"{'#' * 12}{'-' * 12}  50 %" in house.command("status", "ben", COLUMNS="200").out


@pytest.mark.parametrize(("offset", "total", "share"), [(200, 800, 0.25), (800, 800, 0.99), (None, 800, 0.99), (0, 0, 0)])
def test_status_shows_how_far_a_sweep_is(house: House, offset: int | None, total: int, share: float) -> None:
    house.enroll("sven")
    put(house, SWEEPING, seller="sven", reading=json.dumps({"offset": offset, "total": total}))

    assert house.command("status", "sven", "--json").object["streams"]["sweep"]["progress"] == share


def test_a_sweep_begun_by_an_older_version_is_shown_without_a_number(house: House) -> None:
    house.enroll("old")
    put(house, SWEEPING, seller="old", reading=json.dumps({"offset": 200}))

    assert house.command("status", "old", "--json").object["streams"]["sweep"]["progress"] is None


def test_status_says_what_to_do_and_shows_an_error_as_it_is(house: House) -> None:
    house.enroll("fay")
    well = house.command("status", "fay", COLUMNS="200").out
    put(house, FAILED, seller="fay")

    ill = house.command("status", "fay", COLUMNS="200").out

    assert "last error" not in well
    assert "what to do: Postgres is missing or too busy: look at it." in ill
    assert "[/red]" in ill


def test_a_person_reads_by_whom_a_seller_is_paused_and_until_when_and_of_a_speed_up(house: House) -> None:
    pause = {"reason": "[/red] stock-take", "until": "2100-01-01T08:00:00Z", "by": "token:ci"}
    overrides: dict[str, dict[str, Any]] = {
        "pia": {"paused": pause["reason"], "pause": pause},
        "pam": {"paused": "stock-take"},
        "sue": {"speed_up": {"every_s": 30, "until": "2100-01-01T08:00:00Z", "by": "os:alice"}},
    }
    for seller, theirs in overrides.items():
        house.enroll(seller)
        house.store.save_overrides(seller, theirs)
    said = {seller: house.command("status", seller, COLUMNS="200").out for seller in overrides}
    listed = " ".join(house.command("list").out.split())

    assert said["pia"].startswith("pia: paused until 2100-01-01 08:00 UTC by ci: [/red] stock-take; ")  # the rest: no worker answers
    assert "what to do: Nothing: it ends by itself" in said["pia"]
    assert "paused until 2100-01-01 08:00 UTC by ci: [/red] stock-take" in listed
    assert said["pam"].startswith("pam: paused (stock-take; ")
    assert "what to do: Resume when it is time" in said["pam"]
    assert "speeded up until 2100-01-01 08:00 UTC by alice: every 30 s" in said["sue"]
    assert "speeded up until 2100-01-01 08:00 UTC by alice: every 30 s" in listed


def test_following_a_status_ends_well_with_ctrl_c(house: House) -> None:
    house.enroll("flo")
    following = house.starter("status", "flo", "--follow", "--json")
    eventually_here(lambda: following.out.read_text().count("\n") >= 1)  # a second line may come at once: something changed

    before = following.out.read_text().count("\n")
    put(house, FAILED, seller="flo")
    eventually_here(lambda: following.out.read_text().count("\n") > before)

    assert following.end(signal.SIGINT) == 0
    assert [json.loads(line)["state"] for line in following.out.read_text().splitlines()][:1] == ["polling"]


def test_alerts_say_what_to_do(house: House) -> None:
    house.store.open_alert(AlertKind.PLANNER_LATE, "the planner is late")

    [alert] = [one for one in house.command("alerts", "--json").objects if one["kind"] == "planner_late"]

    assert "worker.py" in alert["to_do"]


def asks(typed: str, at: str) -> dict[str, str]:
    """The environment by which a shell asks what may be typed on."""
    return {"COMP_WORDS": f"./starter.py {typed}", "COMP_CWORD": at, "_STARTER.PY_COMPLETE": "complete_bash"}


@pytest.mark.parametrize(("typed", "at", "offered"), [("list --state pa", "3", "paused"), ("status --fo", "2", "--follow")])
def test_the_shell_completes_options_and_values(house: House, typed: str, at: str, offered: str) -> None:
    said = house.command(main=lambda: commands()(prog_name="starter.py"), variables=asks(typed, at))

    assert said.out.split() == [offered]


def test_the_shell_completes_commands() -> None:
    environment = os.environ | asks("sta", "1")

    found = subprocess.run([sys.executable, ROOT / "starter.py"], env=environment, capture_output=True, text=True, check=True)

    assert found.stdout.split() == ["status"]


def test_starter_may_be_run_by_its_name_as_completion_needs() -> None:
    assert os.access(ROOT / "starter.py", os.X_OK)
    assert (ROOT / "starter.py").read_text().startswith("#!/usr/bin/env python3\n")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(720, "in 12 min"), (0, "now"), (-14, "now"), (-420, "overdue by 7 min"), (-5 * 86_400, "overdue since 2026-11-25 12:00")],
)
def test_a_poll_that_should_have_begun_is_overdue(seconds: float, words: str) -> None:
    now = datetime(2026, 11, 30, 12, tzinfo=UTC)

    assert due(now + timedelta(seconds=seconds), now) == words


@pytest.mark.parametrize(("stored", "shown"), [("polling", "polling"), ("ebay_down", "ebay_down"), ("failing", "failing")])
def test_status_says_that_ebay_is_back_though_the_workflow_has_not_polled_since(stored: str, shown: str) -> None:
    live = SellerStatus(state="ebay_down", reason="orders: eBay is down", streams={})

    assert merged({"state": stored, "reason": None, "streams": {}}, live)["state"] == shown


def test_status_says_what_the_workflow_says() -> None:
    live = SellerStatus(state="paused", reason="holiday", streams={})

    reported = merged({"state": "polling", "reason": None, "streams": {}}, live)

    assert (reported["state"], reported["reason"]) == ("paused", "holiday")
    assert reported["paused"] == {
        "reason": "holiday",
        "until": None,
        "by": None,
        "since": None,
    }  # a worker of a version before knows no more


def test_status_says_of_a_pause_and_a_speed_up_what_the_workflow_says() -> None:
    soon, over = (datetime.now(UTC) + timedelta(hours=hours) for hours in (1, -1))
    stored = {"state": "paused", "reason": "of before", "streams": {}, "paused": {"reason": "of before"}, "speed_up": None}

    def live(until: datetime) -> SellerStatus:
        return SellerStatus(state="failing", reason="", streams={}, speed_up=SpeedUpFacts(30.0, until, "page"))

    lasts, ended = merged(stored, live(soon)), merged(stored, live(over))

    assert lasts["paused"] is None
    assert lasts["speed_up"] == {"every_s": 30.0, "until": iso(soon), "by": "page"}
    assert ended["speed_up"] is None  # a workflow that sleeps does not notice
