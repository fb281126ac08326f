"""In short what `python -m lab.chaos lasting` does at length: the scenes play, count what they are to count, and see what is wrong."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from domain.pacing import Stream
from lab.chaos import lasting
from lab.chaos.lasting import POLLED, SceneOutcome, SceneSetup, conclude, live, outage
from lab.chaos.skipped import START
from simulator.poison import How
from workflows.messages import PollNow


def test_a_fleet_in_skipped_time_is_polled_as_its_workflows_say_and_nothing_is_lost(postgres_server: str) -> None:
    setup = SceneSetup(postgres_server, 5, 4)
    with setup.fleet() as fleet:
        it = SceneOutcome("two hours", fleet)
        for number in range(2):
            fleet.world.add_seller(f"seller-{number}", skus=2)
            fleet.enroll(f"seller-{number}", POLLED, timedelta(minutes=number))
        live(setup, fleet, list(fleet.world.sellers), timedelta(hours=1), timedelta(minutes=15))
        fleet.run(timedelta(hours=2))
        conclude(setup, it, list(fleet.world.sellers))

        gaps = [one.at for one in fleet.polls if one.seller == "seller-0" and one.stream is Stream.ORDERS]
    assert it.missed == []
    assert int(it.row[3]) > 10
    assert {round((late - early) / timedelta(minutes=5)) for early, late in pairwise(gaps)} == {1}


def test_all_clocks_are_skipped_together(postgres_server: str) -> None:
    with SceneSetup(postgres_server, 5, 4).fleet() as fleet:
        fleet.run(timedelta(days=3))
        with fleet.store.engine.connect() as connection:
            now = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()

        assert START + timedelta(days=3) <= now < START + timedelta(days=3, minutes=1)
        assert fleet.world.clock.now() == fleet.now() == START + timedelta(days=3)


def test_a_signal_wakes_a_workflow_before_its_time(postgres_server: str) -> None:
    with SceneSetup(postgres_server, 5, 4).fleet() as fleet:
        fleet.world.add_seller("anna")
        fleet.enroll("anna", (Stream.ORDERS,))
        fleet.run(timedelta(minutes=1))

        fleet.signal("anna", "poll_now", PollNow())

        assert [one.at - START for one in fleet.polls] == [timedelta(), timedelta(minutes=1)]


def test_a_failed_step_is_tried_three_times_and_then_the_workflow_backs_off(postgres_server: str) -> None:
    with SceneSetup(postgres_server, 5, 4).fleet() as fleet:
        fleet.world.add_seller("anna")
        fleet.enroll("anna", (Stream.ORDERS,))
        fleet.world.lasting.stop(sellers=["anna"], how=How.FAILS)
        fleet.run(timedelta(seconds=4))

        assert {one.result for one in fleet.polls} == {None}
        assert len(fleet.polls) >= 1
        assert fleet.sellers["anna"].workflow.state.streams[Stream.ORDERS].next_due >= fleet.now()


def test_an_outage_is_counted(postgres_server: str) -> None:
    it = outage("an hour without eBay", share=1.0)(SceneSetup(postgres_server, 5, 4))

    assert len(it.row) == len(lasting.HEAD) - 2
    assert (it.row[4], it.row[5], it.row[6], it.row[8]) == ("0", "0", "0", "0")
    assert any("of a day's quota" in words for words in it.cost)
    assert any("polled again within" in words for words in it.cost)
