"""What a simulated eBay's quicker world makes of the product's waits."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

from demo_stack.demo.fast_waits import fast_waits
from domain.waits import EBAYS, Waits

LAG = timedelta(seconds=3)


def test_what_is_not_agreed_about_is_asked_for_again_within_seconds_and_as_often_as_ever() -> None:
    fast = fast_waits(LAG)

    assert len(fast.rereads) == len(EBAYS.rereads)
    assert fast.rereads[0] == timedelta(seconds=1.5)  # a minute, as two minutes are three seconds
    assert list(fast.rereads) == sorted(fast.rereads)
    assert max(fast.rereads) == timedelta(seconds=6)
    assert fast.refused_apart < fast.refused_again < timedelta(seconds=10)


def test_every_wait_is_shorter_than_ebays() -> None:
    fast = fast_waits(LAG, patience=timedelta(minutes=1))

    assert [one.name for one in fields(Waits) if not getattr(fast, one.name) < getattr(EBAYS, one.name)] == []
