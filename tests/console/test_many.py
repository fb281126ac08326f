"""`enroll --from`: a CSV of sellers. A bad row is named and the others go on; a token is never shown."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer import BadParameter

from console.rows import read_rows
from domain.pacing import InventorySource
from domain.seller_id import SELLER_ID
from operations.enrolment import EnrolmentOptions
from tests.support.house import ROOT, House, Said

SECRET = "v^1.1#i^1#never-to-be-seen"


def csv(house: House, *sellers: str, more: str = "", cells: str = "") -> str:
    """A file with these sellers, each with a good token; `more` columns, with the same cells for everybody."""
    for seller in sellers:
        if seller not in house.world.sellers:
            house.world.add_seller(seller)
    lines = [f"{seller},{house.world.refresh_token(seller)}{cells}" for seller in sellers]
    return "\n".join([f"seller_id,refresh_token{more}", *lines]) + "\n"


def enroll(house: House, text: str, *options: str) -> Said:
    return house.command("enroll", "--from", "-", *options, stdin=text)


def options(house: House, seller: str) -> dict[str, Any]:
    ((found, enrolled),) = house.rows("SELECT options, enrolled_at FROM sellerbeat.sellers WHERE seller_id = :seller", seller=seller)
    far = enrolled - datetime.fromisoformat(found.pop("backfill_from"))
    return {**found, "backfill_days": round(far / timedelta(days=1), 1)}


def test_every_row_of_a_file_is_enrolled_and_a_second_time_changes_nothing_but_the_token(house: House) -> None:
    (house.folder / "sellers.csv").write_text(csv(house, "m-1", "m-2"), encoding="utf-8-sig")

    first = house.command("enroll", "--from", "sellers.csv", "--backfill", "7d")
    before = house.rows("SELECT seller_id, enrollment, options FROM sellerbeat.sellers WHERE seller_id LIKE 'm-_' ORDER BY 1")
    second = house.command("enroll", "--from", "sellers.csv", "--backfill", "9d", "--json")

    assert (first.code, first.err) == (0, "")
    assert [line.partition(";")[0] for line in first.out.splitlines()] == ["m-1 is enrolled", "m-2 is enrolled"]
    assert (second.code, second.err) == (0, "")
    stored = "was enrolled already: the token is replaced, all else is kept"
    assert second.objects == [
        {"row": 2, "seller_id": "m-1", "result": stored, "worker": False},
        {"row": 3, "seller_id": "m-2", "result": stored, "worker": False},
    ]
    assert house.rows("SELECT seller_id, enrollment, options FROM sellerbeat.sellers WHERE seller_id LIKE 'm-_' ORDER BY 1") == before
    assert [house.runs(seller) for seller in ("m-1", "m-2")] == [["RUNNING"], ["RUNNING"]]


def test_columns_say_for_a_row_what_options_say_for_all(house: House) -> None:
    columns = ",orders_every,backfill,scopes,refresh_token_expires,inventory_source,offers"
    text = csv(house, "c-1", more=columns, cells=",45s,3d,,2099-01-01,both,yes") + csv(house, "c-2", cells=",,,,,,").splitlines()[1] + "\n"

    said = enroll(house, text, "--orders-every", "30s", "--backfill", "9d")

    assert (said.code, said.err) == (0, "")
    assert options(house, "c-1") == {"cadence": {"orders": 45}, "inventory_source": "both", "offers": True, "backfill_days": 3.0}
    assert options(house, "c-2") == {"cadence": {"orders": 30}, "backfill_days": 9.0}
    assert house.rows("SELECT refresh_expires_at::date::text FROM sellerbeat.tokens WHERE seller_id = 'c-1'") == [("2099-01-01",)]


def test_another_pollers_last_poll_is_reached_back_to_and_a_day_further(house: House) -> None:
    last = (datetime.now(UTC) - timedelta(days=2)).isoformat(timespec="seconds")

    said = enroll(house, csv(house, "cel", more=",last_poll_at", cells=f",{last}"))

    assert said.code == 0
    assert options(house, "cel")["backfill_days"] == 3.0


def test_a_seller_alone_is_read_back_to_another_pollers_last_poll_too(house: House) -> None:
    house.world.add_seller("cel-2")
    last = (datetime.now(UTC) - timedelta(days=4)).isoformat(timespec="seconds")
    given = ("enroll", "cel-2", "--refresh-token-file", "-", "--last-poll-at")

    twice = house.command(*given, last, "--backfill", "3d", stdin=house.world.refresh_token("cel-2")).failure(2)
    said = house.command(*given, last, stdin=house.world.refresh_token("cel-2"))

    assert "give one of them" in twice
    assert (said.code, said.err) == (0, "")
    assert options(house, "cel-2")["backfill_days"] == 5.0


def test_a_bad_row_is_named_by_its_number_and_the_others_go_on(house: House) -> None:
    good = csv(house, "b-1", "b-2", more=",backfill", cells=",7d").splitlines()
    bad = [
        f"not/an-id,{SECRET},7d",
        f"b-3,{SECRET},7d",  # eBay refuses it
        f"b-4,7d,{SECRET}",  # mixed up
        "b-5,,7d",
        f"b-6,{SECRET}",
        f"b-1,{SECRET},7d",  # twice
    ]

    said = enroll(house, "\n".join([*good[:2], "", *bad, good[2]]))
    asked = enroll(house, "\n".join([*good[:2], "", *bad, good[2]]), "--json")

    lines = said.err.splitlines()
    assert said.code == asked.code == 1
    assert [line.removeprefix("starter: ").partition(":")[0] for line in lines] == [
        *("row 4", "row 5 (b-3)", "row 6 (b-4)", "row 7 (b-5)", "row 8", "row 9 (b-1)"),
        "6 of 8 rows failed; correct them and give the file again",
    ]
    assert "invalid_grant" in lines[1]
    assert lines[2].endswith("backfill is not a duration of 1s to 729d, such as 7d")
    assert lines[5].endswith("row 2 is of the same seller")
    assert [line.split()[0] for line in said.out.splitlines()] == ["b-1", "b-2"]
    assert [(one["row"], one["seller_id"], "error" in one) for one in asked.objects] == [
        *((2, "b-1", False), (4, None, True), (5, "b-3", True), (6, "b-4", True)),
        *((7, "b-5", True), (8, None, True), (9, "b-1", True), (10, "b-2", False)),
    ]
    assert asked.err.count("\n") == 1
    assert SECRET not in said.out + said.err + asked.out + asked.err


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "the first line must name the columns"),
        ("seller_id,refresh_tokn\n", "no column is called refresh_tokn; the columns are seller_id, refresh_token, orders_every"),
        ("seller_id\n", "lacks refresh_token"),
        ("seller_id,refresh_token,refresh_token\n", "twice in the first line: refresh_token"),
        ("seller_id,refresh_token,backfill,last_poll_at\n", "keep one of the columns"),
        (f"shop-1,{SECRET}\n", "the first line does not name the columns"),
        (f'seller_id,refresh_token\nanna,"{SECRET}\n', "is no CSV"),
    ],
)
def test_a_file_that_does_not_name_its_columns_is_wrong_usage_and_enrols_nobody(house: House, text: str, named: str) -> None:
    before = house.rows("SELECT count(*) FROM sellerbeat.sellers")

    line = enroll(house, text).failure(2)

    assert named in line
    assert SECRET not in line
    assert house.rows("SELECT count(*) FROM sellerbeat.sellers") == before


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("enroll", "--from"),
        ("enroll anna --from -", "leave SELLER"),
        ("enroll --from - --refresh-token-file -", "--refresh-token-file"),
        ("enroll --from nowhere.csv", "--from nowhere.csv cannot be read"),
        ("enroll --from - --offers --inventory-source trading", "--offers"),
    ],
)
def test_a_file_goes_with_no_seller_and_no_token_of_its_own(house: House, arguments: str, named: str) -> None:
    assert named in house.command(*arguments.split(), stdin="seller_id,refresh_token\n").failure(2)


def test_a_file_without_sellers_is_done_at_once(house: House) -> None:
    said = enroll(house, "seller_id;refresh_token\r\n\r\n")

    assert (said.code, said.out, said.err) == (0, "", "")


@pytest.mark.parametrize(
    ("status", "asked", "named"),
    [(503, 3, "row 4: eBay could not be asked"), (401, 1, "row 2: eBay refused the application's client id")],
)
def test_what_no_row_can_help_ends_the_rest(house: House, status: int, asked: int, named: str) -> None:
    text = csv(house, "d-1", "d-2", "d-3", "d-4", "d-5")
    house.world.faults.force(status, {"error": "invalid_client"}, times=asked, resource="token")

    said = enroll(house, text)

    assert said.code == 1
    assert named in said.err.splitlines()[-1]
    assert house.world.faults.forced == []
    assert house.rows("SELECT 1 FROM sellerbeat.sellers WHERE seller_id LIKE 'd-_'") == []


def test_a_bar_is_shown_in_a_terminal_and_what_a_program_reads_stays_as_it_is(house: House) -> None:
    (house.folder / "bar.csv").write_text(csv(house, "bar-1"), encoding="utf-8")
    ours, theirs = pty.openpty()
    program = [sys.executable, str(ROOT / "starter.py"), "enroll", "--from", "bar.csv", "--json"]

    answered = subprocess.run(program, cwd=house.folder, env=house.environment, stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)

    assert "enrolling" in shown
    assert "1/1" in shown
    assert answered.stdout.decode().count("\n") == 1
    assert b'{"row": 2, "seller_id": "bar-1"' in answered.stdout


@given(st.text(max_size=200))
def test_any_text_is_rows_or_wrong_usage_and_shows_no_cell(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_text(f"seller_id,refresh_token,last_poll_at,offers\n{text}", encoding="utf-8", newline="")

    try:
        found, refused = read_rows(str(file), EnrolmentOptions(source=InventorySource.TRADING)), "is no CSV"
    except BadParameter as error:
        found, refused = [], error.message

    assert "is no CSV" in refused
    assert all(row.wrong.isascii() for row in found if row.wrong)
    assert len({row.number for row in found}) == len(found)
    assert all(row.wrong or (row.refresh_token and SELLER_ID.fullmatch(row.seller_id or "")) for row in found)
