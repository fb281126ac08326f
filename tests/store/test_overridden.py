"""What Postgres tells of what people set: a pause with author and end, a speed-up; and what other versions left there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from activities.fleet.overrides import OperatorOverrides, OverrideStorage, overrides_of
from domain.pacing import Stream
from domain.seller_state import PauseFacts, SpeedUpFacts
from store import Store
from store.reading.overview import Overview
from store.schema.times import iso
from tests.store.documents import SELLER

NOW = datetime.now(UTC).replace(microsecond=0)
LATER, BEFORE = NOW + timedelta(days=1), NOW - timedelta(minutes=1)
PAUSE = PauseFacts("stock-take", LATER, "token:ci", NOW)
SPEED_UP = SpeedUpFacts(30.0, LATER, "os:alice")


def save(store: Store, pause: PauseFacts | None = None, speed_up: SpeedUpFacts | None = None) -> None:
    overrides = OperatorOverrides(seller_id=SELLER, paused=pause.reason if pause else None, pause=pause, speed_up=speed_up)
    OverrideStorage(store).save_overrides(overrides)


def test_what_people_set_is_stored_whole(store: Store) -> None:
    save(store, PAUSE, SPEED_UP)

    read = overrides_of(store, SELLER)

    assert (read.paused, read.pause, read.speed_up) == ("stock-take", PAUSE, SPEED_UP)


def test_status_and_list_tell_of_a_pause_by_whom_since_when_and_until_when(store: Store) -> None:
    save(store, PAUSE)

    status, [listed], [shown] = store.seller(SELLER), store.status.all(), Overview(store.engine).fleet().sellers

    assert (status["state"], status["reason"]) == ("paused", "stock-take")
    assert status["paused"] == {"reason": "stock-take", "until": iso(LATER), "by": "token:ci", "since": iso(NOW)}
    assert status["speed_up"] is None
    assert listed["paused"] == status["paused"]
    assert (shown.state, shown.reason, shown.pause, shown.ends) == ("paused", "stock-take", PAUSE, True)
    assert shown.said == f"paused until {LATER if LATER.second == 0 else LATER + timedelta(minutes=1):%Y-%m-%d %H:%M} UTC by ci: stock-take"


def test_status_and_list_tell_of_a_speed_up(store: Store) -> None:
    save(store, speed_up=SPEED_UP)

    status, [shown] = store.seller(SELLER), Overview(store.engine).fleet().sellers

    assert (status["state"], status["paused"]) == ("polling", None)
    assert status["speed_up"] == {"every_s": 30.0, "until": iso(LATER), "by": "os:alice"}
    assert shown.speed_up == SPEED_UP


def test_what_is_over_is_as_if_it_were_not_there(store: Store) -> None:
    """The workflow writes the end of a pause a moment later; should nobody work, the seller is late, not paused."""
    save(store, PauseFacts("stock-take", BEFORE, "page", BEFORE), SpeedUpFacts(30.0, BEFORE))

    status, [shown] = store.seller(SELLER), Overview(store.engine).fleet().sellers

    assert (status["state"], status["paused"], status["speed_up"]) == ("polling", None, None)
    assert (shown.state, shown.said, shown.speed_up, shown.ends) == ("polling", None, None, False)


def test_of_a_removed_seller_nothing_is_paused(store: Store) -> None:
    save(store, PAUSE, SPEED_UP)

    store.sellers.remove(SELLER)

    status = store.seller(SELLER)
    assert (status["state"], status["paused"], status["speed_up"]) == ("removed", None, None)


@pytest.mark.parametrize(
    ("left", "shown_pause"),
    [
        ({"paused": "holiday"}, {"reason": "holiday", "until": None, "by": None, "since": None}),
        ({"paused": "holiday", "pause": None, "speed_up": None}, {"reason": "holiday", "until": None, "by": None, "since": None}),
        ({"paused": None, "pause": {"reason": "stale", "until": "2100-01-01T00:00:00Z"}}, None),
        ({"cadence": {"orders": "PT1M"}}, None),
        (
            {"paused": "holiday", "pause": {"reason": "holiday", "until": "2100-01-01T00:00:00Z", "by": "page", "mood": "good"}, "mood": 1},
            {"reason": "holiday", "until": "2100-01-01T00:00:00.000Z", "by": "page", "since": None},
        ),
    ],
)
def test_what_other_versions_stored_is_understood(store: Store, left: dict[str, Any], shown_pause: dict[str, Any] | None) -> None:
    store.save_overrides(SELLER, left)

    pause = overrides_of(store, SELLER).paused
    status, [shown] = store.seller(SELLER), Overview(store.engine).fleet().sellers

    assert status["paused"] == shown_pause
    assert pause == (shown_pause["reason"] if shown_pause else None)
    assert (shown.state, shown.said is None) == (("paused", False) if shown_pause else ("polling", True))


class OverridesOfVersionBefore(BaseModel, frozen=True):
    """What a version read and wrote that knew of no author and no end."""

    seller_id: str
    paused: str | None = None
    cadence: dict[Stream, timedelta] = {}
    active_at: datetime | None = None


def test_an_older_worker_reads_the_row_and_when_it_stores_it_again_forgets_the_end_alone(store: Store) -> None:
    save(store, PAUSE, SPEED_UP)

    older = OverridesOfVersionBefore.model_validate({**store.sellers.overrides(SELLER), "seller_id": SELLER})
    store.save_overrides(SELLER, older.model_dump(mode="json", exclude={"seller_id"}))

    read = overrides_of(store, SELLER)
    assert older.paused == "stock-take"
    assert (read.paused, read.pause, read.speed_up) == ("stock-take", None, None)
    assert store.seller(SELLER)["state"] == "paused"
