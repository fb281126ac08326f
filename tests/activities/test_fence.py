"""Two attempts at once: the older one can commit nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager

import pytest
from sqlalchemy import text

import store.steps.steps
from activities.polling.poll import PollResult
from activities.polling.running import StepRun
from domain.pacing import Stream
from store import Commit, SupersededError
from tests.support.rig import Rig


def test_an_attempt_that_outlived_its_retry_commits_nothing(anna: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    order = anna.world.place_order("anna")
    anna.advance(minutes=5)
    polling = anna.activities[Stream.ORDERS].__self__  # type: ignore[attr-defined]
    read, outlived = polling.read, iter([True])

    def hang(step: StepRun) -> PollResult:
        if next(outlived, False):
            anna.poll("anna")  # the retry begins and commits while this attempt hangs
        return read(step)  # type: ignore[no-any-return]

    monkeypatch.setattr(polling, "read", hang)

    with pytest.raises(SupersededError):
        anna.step("anna")

    assert anna.types("anna") == ["order.created"]
    assert set(anna.stored("anna")) == {order}


def test_an_older_reading_of_stock_never_comes_on_top_of_a_newer_one(anna: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SupersededError):
        commit_an_older_reading_late(anna, monkeypatch)

    assert quantity(anna) == 3
    assert anna.types("anna") == ["inventory.created", "inventory.updated"]


def test_without_the_fence_the_older_reading_would_come_on_top(anna: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The counter-example: what the fence is for."""
    unfenced = text(str(store.steps.steps.LOCK_SELLER_AT_EPOCH).replace("AND epoch = :epoch", "AND :epoch > 0"))
    monkeypatch.setattr(store.steps.steps, "LOCK_SELLER_AT_EPOCH", unfenced)

    commit_an_older_reading_late(anna, monkeypatch)

    assert quantity(anna) == 5
    assert anna.types("anna") == ["inventory.created", "inventory.updated", "inventory.updated"]


def commit_an_older_reading_late(anna: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """An attempt reads a stock of 5, hangs, and commits when its retry has long read and kept 3."""
    anna.world.add_sku("anna", "SKU-1", 5)
    anna.poll("anna", Stream.INVENTORY)
    polling = anna.activities[Stream.INVENTORY].__self__  # type: ignore[attr-defined]
    read, outlived = polling.read, iter([True])

    def hang_before_the_commit(step: StepRun) -> PollResult:
        commit = step.commit

        def late() -> AbstractContextManager[Commit]:
            if next(outlived, False):
                anna.world.set_stock("anna", "SKU-1", 3)
                anna.poll("anna", Stream.INVENTORY)
            return commit()

        monkeypatch.setattr(step, "commit", late)
        return read(step)  # type: ignore[no-any-return]

    monkeypatch.setattr(polling, "read", hang_before_the_commit)
    anna.advance(minutes=30)
    anna.step("anna", Stream.INVENTORY)


def quantity(anna: Rig) -> int:
    stored = anna.stored("anna", "inventory")["SKU-1"]["data"]
    return int(stored["availability"]["shipToLocationAvailability"]["quantity"])


def test_a_removed_seller_is_told_as_unknown_and_nothing_is_kept(anna: Rig) -> None:
    anna.world.place_order("anna")
    anna.store.sellers.remove("anna")

    with pytest.raises(Exception, match="removed") as error:
        anna.step("anna", Stream.ORDERS)

    assert type(error.value).__name__ == "UnknownSellerError"
    assert anna.types("anna") == ["seller.removed"]
