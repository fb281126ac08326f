"""Enrolling, connecting, removing: all of it or nothing of it. No worker runs here: none is needed."""

from __future__ import annotations

import pytest
from temporalio.client import Client

from store.schema.kinds import AlertKind
from tests.console.enrolling import TABLES, assert_nothing_was_done, left, token
from tests.support.house import House


def test_enrolling_stores_the_token_starts_the_workflow_and_says_that_no_worker_runs(house: House) -> None:
    said = house.enroll("anna", "--json")

    assert said.object == {"seller_id": "anna", "result": "is enrolled", "worker": False}
    assert token(house, "anna") == house.world.refresh_token("anna")
    assert house.runs("anna") == ["RUNNING"]
    assert house.world.refresh_token("anna") not in said.out


def test_enrolling_in_words_from_a_file_tells_what_to_do_next(house: House) -> None:
    house.world.add_seller("bert")
    (house.folder / "bert").write_text(f"{house.world.refresh_token('bert')}\n")

    said = house.command("enroll", "bert", "--refresh-token-file", "bert")

    assert (said.code, said.err) == (0, "")
    assert said.out == "bert is enrolled; no worker yet: start worker.py\n"


def test_enrolling_twice_replaces_the_token_and_keeps_all_else(house: House) -> None:
    house.enroll("carla", "--orders-every", "45s", "--backfill", "7d")
    house.store.save_overrides("carla", {"paused": "holiday"})
    before = house.rows("SELECT enrollment, options, wishes, epoch, sequence FROM sellerbeat.sellers WHERE seller_id = 'carla'")
    cursors = house.rows("SELECT stream, cursor, reading FROM sellerbeat.streams WHERE seller_id = 'carla' ORDER BY 1")
    renewed = house.world.accounts.renew("carla")

    said = house.enroll("carla")

    assert said.out.startswith("carla was enrolled already: the token is replaced, all else is kept")
    assert token(house, "carla") == renewed
    assert house.rows("SELECT enrollment, options, wishes, epoch, sequence FROM sellerbeat.sellers WHERE seller_id = 'carla'") == before
    assert house.rows("SELECT stream, cursor, reading FROM sellerbeat.streams WHERE seller_id = 'carla' ORDER BY 1") == cursors
    assert before[0][1]["cadence"] == {"orders": 45}
    assert house.runs("carla") == ["RUNNING"]


def test_a_token_that_ebay_refuses_leaves_nothing_behind(house: House) -> None:
    line = house.command("enroll", "dora", "--refresh-token-file", "-", stdin="v^1.1#never-given").failure(1)

    assert "invalid_grant" in line
    assert "nothing was stored" in line
    assert "never-given" not in line
    assert_nothing_was_done(house, "dora")


def test_scopes_beyond_the_consent_leave_nothing_behind(house: House) -> None:
    house.world.add_seller("emma")
    token = house.world.refresh_token("emma")

    line = house.command("enroll", "emma", "--refresh-token-file", "-", "--scopes", "https://everything", stdin=token).failure(1)

    assert "invalid_scope" in line
    assert_nothing_was_done(house, "emma")


def test_keys_that_ebay_refuses_leave_nothing_behind(house: House) -> None:
    line = house.command("enroll", "fred", "--refresh-token-file", "-", stdin="token", SELLERBEAT_EBAY_CLIENT_SECRET="wrong").failure(1)

    assert "SELLERBEAT_EBAY_CLIENT_SECRET" in line
    assert_nothing_was_done(house, "fred")


def test_an_ebay_that_cannot_be_reached_leaves_nothing_behind(house: House, nobody: str) -> None:
    line = house.command("enroll", "gina", "--refresh-token-file", "-", stdin="token", SELLERBEAT_EBAY_API_URL=f"http://{nobody}").failure(
        1
    )

    assert "nothing was stored" in line
    assert_nothing_was_done(house, "gina")


@pytest.mark.parametrize("missing", ["TEMPORAL_ADDRESS", "SELLERBEAT_DATABASE_URL"])
def test_enrolling_without_a_server_leaves_nothing_behind(house: House, nobody: str, missing: str) -> None:
    house.world.add_seller("hugo")
    elsewhere = {"TEMPORAL_ADDRESS": nobody, "SELLERBEAT_DATABASE_URL": f"postgresql://{nobody}/db"}[missing]
    token = house.world.refresh_token("hugo")

    line = house.command("enroll", "hugo", "--refresh-token-file", "-", stdin=token, variables={missing: elsewhere}).failure(1)

    assert missing in line
    assert_nothing_was_done(house, "hugo")


def test_connecting_replaces_a_dead_token(house: House) -> None:
    house.enroll("ida")
    with house.store.tokens.locked("ida") as row:
        row.kill("eBay said no")
    assert house.command("status", "ida", "--json").object["state"] == "needs_reauthorization"
    renewed = house.world.accounts.renew("ida")

    said = house.command("connect", "ida", "--refresh-token-file", "-", "--json", stdin=renewed)

    assert (said.code, said.err) == (0, "")
    assert said.object == {"seller_id": "ida", "result": "is connected: polling goes on from the cursor", "worker": False}
    assert token(house, "ida") == renewed
    assert "ida" in house.command("list", "--state", "polling").out


def test_connecting_with_a_refused_token_keeps_the_stored_one(house: House) -> None:
    house.enroll("jan")
    before = token(house, "jan")

    line = house.command("connect", "jan", "--refresh-token-file", "-", stdin="v^1.1#never-given").failure(1)

    assert "invalid_grant" in line
    assert token(house, "jan") == before


def test_removing_stops_the_workflow_and_forgets_the_token_but_nothing_else(house: House) -> None:
    house.enroll("kai")
    house.store.open_alert(AlertKind.LATE, "a change of his", "kai")

    said = house.command("remove", "kai", "--json")

    assert (said.code, said.err) == (0, "")
    assert said.object == {"seller_id": "kai", "state": "removed", "erased": False}
    assert house.runs("kai") == ["TERMINATED"]
    assert house.rows("SELECT refresh_token, access_token FROM sellerbeat.tokens WHERE seller_id = 'kai'") == [(None, None)]
    assert house.command("status", "kai", "--json").object["state"] == "removed"
    assert "kai" in house.command("list", "--state", "removed").out
    assert house.command("remove", "kai").code == 0  # once more is fine
    heard = ["seller.connected", "alert.opened", "alert.closed", "seller.removed"]
    assert [event["type"] for event in house.events("kai")] == heard
    for command in (
        "pause kai",
        "resume kai",
        "poll-now kai",
        "active kai",
        "set-cadence kai --orders 5m",
        "connect kai --refresh-token-file -",
    ):
        assert "kai" in house.command(*command.split(), stdin="token").failure(1)
    assert house.runs("kai") == ["TERMINATED"]


def test_enrolling_again_after_removal_goes_on_counting(house: House) -> None:
    house.enroll("lea")
    house.store.open_alert(AlertKind.LATE, "a change of hers", "lea")
    house.command("remove", "lea")

    said = house.enroll("lea")
    house.store.open_alert(AlertKind.LATE, "another one", "lea")

    assert said.out.startswith("lea is enrolled")
    assert [event["sequence"] for event in house.events("lea")] == [1, 2, 3, 4, 5, 6]
    assert [event["type"] for event in house.events("lea")][3:5] == ["seller.removed", "seller.connected"]
    assert len({event["id"] for event in house.events("lea")}) == 6
    assert house.runs("lea") == ["RUNNING", "TERMINATED"]
    assert "lea" in house.command("list", "--state", "polling").out


def test_erasing_leaves_no_row_anywhere(house: House) -> None:
    house.enroll("mia")
    house.store.open_alert(AlertKind.LATE, "a change of hers", "mia")
    assert {"sellers", "tokens", "streams", "change_events", "alerts", "accounts"} == left(house, "mia").keys()
    tables = {
        name
        for (name,) in house.rows(
            "SELECT DISTINCT table_name FROM information_schema.columns WHERE column_name = 'seller_id' AND table_name !~ '^v_' "
            "AND table_name NOT IN (SELECT relname FROM pg_class WHERE relispartition)"
        )
    }
    assert tables == {*TABLES, "audit"}  # who did what stays, for SELLERBEAT_KEEP_AUDIT

    said = house.command("remove", "mia", "--erase", "--json")

    assert said.object == {"seller_id": "mia", "state": "removed", "erased": True}
    assert left(house, "mia") == {}
    assert house.runs("mia") == ["TERMINATED"]
    assert house.command("remove", "mia", "--erase").failure(1) == "seller mia is not enrolled; starter.py list shows all sellers"


def test_a_removal_that_cannot_reach_temporal_is_finished_by_removing_again(house: House, nobody: str) -> None:
    for number, erase in enumerate(([], ["--erase"])):
        seller = f"nora-{number}"
        house.enroll(seller)

        line = house.command("remove", seller, *erase, TEMPORAL_ADDRESS=nobody).failure(1)
        (outcome,) = house.rows(f"SELECT outcome FROM sellerbeat.audit WHERE seller_id = '{seller}' AND action ~ 'remove|erase'")
        remains = left(house, seller)
        again = house.command("remove", seller, *erase)

        assert "TEMPORAL_ADDRESS" in line
        assert f"{seller} is {'erased' if erase else 'removed'}, but the workflow could not be ended now" in line
        assert (outcome, bool(remains)) == (("done",), not erase)
        assert again.code == 0
        assert house.runs(seller) == ["TERMINATED"]


def test_a_seller_nobody_knows_is_named_by_every_command(house: House) -> None:
    acting = ("remove", "remove --erase", "pause", "resume", "poll-now", "poll-now --stream orders", "active")
    setting = ("speed-up --every 30s --for 10m", "set-cadence --orders 5m", "connect --refresh-token-file -")
    reading = ("status", *(f"snapshot {name}" for name in ("orders", "fulfillments", "inventory", "offers")))
    for command in (*acting, *setting, *reading):
        name, *rest = command.split()
        said = house.command(name, "zoe", *rest, stdin="token")

        assert said.failure(1) == "seller zoe is not enrolled; starter.py list shows all sellers", command
    assert_nothing_was_done(house, "zoe")


def test_pausing_all_reaches_everybody_enrolled_and_nobody_else(house: House) -> None:
    house.enroll("otto")
    house.enroll("paul")
    house.command("remove", "paul")
    enrolled = house.store.enrolled()

    said = house.command("pause", "--all", "--reason", "audit", "--json")

    pause = {"state": "paused", "reason": "audit"}
    assert said.objects == [{"seller_id": seller, **pause} for seller in enrolled]
    assert "otto" in enrolled
    assert house.runs("paul") == ["TERMINATED"]
    assert [one["state"] for one in house.command("resume", "--all", "--json").objects] == ["polling"] * len(enrolled)


def test_a_signal_starts_a_workflow_that_does_not_run(house: House) -> None:
    house.enroll("quin")
    house.store.save_overrides("quin", {"paused": "holiday"})

    async def lose(client: Client) -> None:  # as when Temporal's database was lost
        from workflows.client import handle

        await handle(client, "quin").terminate("lost")

    house.ask(lose)

    assert house.command("poll-now", "quin").code == 0
    assert house.runs("quin") == ["RUNNING", "TERMINATED"]
