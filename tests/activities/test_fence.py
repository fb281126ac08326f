"""Two attempts at once: the older one can commit nothing."""

from __future__ import annotations

import pytest

from activities.poll import PollResult
from activities.steps import RunningStep
from pacing import Stream
from store import SupersededError
from tests.support.rig import Rig


def test_an_attempt_that_outlived_its_retry_commits_nothing(anna: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    order = anna.world.place_order("anna")
    anna.advance(minutes=5)
    polling = anna.activities[Stream.ORDERS].__self__  # type: ignore[attr-defined]
    read, outlived = polling.read, iter([True])

    def hang(step: RunningStep) -> PollResult:
        if next(outlived, False):
            anna.poll("anna")  # the retry begins and commits while this attempt hangs
        return read(step)  # type: ignore[no-any-return]

    monkeypatch.setattr(polling, "read", hang)

    with pytest.raises(SupersededError):
        anna.step("anna")

    assert anna.types("anna") == ["order.created"]
    assert set(anna.stored("anna")) == {order}


def test_a_removed_seller_is_told_as_unknown_and_nothing_is_kept(anna: Rig) -> None:
    anna.world.place_order("anna")
    anna.store.sellers.remove("anna")

    with pytest.raises(Exception, match="removed") as error:
        anna.step("anna", Stream.ORDERS)

    assert type(error.value).__name__ == "UnknownSellerError"
    assert anna.events("anna") == []
