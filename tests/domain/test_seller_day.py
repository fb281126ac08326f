"""The strip of a seller's day: nothing of the window is lost, nothing counts twice, and each bucket says what it holds."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.seller_day import BUCKETS, HOUR, HOURS, DayFact, DayKind, ends_of_pauses, seller_day, span, window_of

NOW = datetime(2026, 12, 1, 13, 59, 30, tzinfo=UTC)  # what comes behind it is of another hour
FACTS = st.lists(
    st.builds(
        DayFact,
        kind=st.sampled_from(DayKind),
        at=st.timedeltas(timedelta(hours=-30), timedelta(minutes=1)).map(lambda ago: NOW + ago),
        count=st.integers(1, 9),
        what=st.sampled_from(["orders", "inventory", "late opened"]),
    )
)


@given(FACTS)
def test_the_buckets_of_a_day_sum_up_to_all_that_happened_in_its_window(facts: list[DayFact]) -> None:
    day = seller_day(facts, NOW)

    happened = Counter[DayKind]()
    for fact in facts:
        happened[fact.kind] += fact.count if fact.at >= day.since else 0
    assert +Counter(day.totals) == +happened
    assert sum(bucket.count for hour in day.hours for bucket in day.within(hour)) == happened.total()
    assert sum(sum(bucket.parts.values()) for kind in DayKind for bucket in day.of(kind)) == happened.total()
    assert day.only(DayKind) == day


@given(FACTS)
def test_each_fact_stands_in_the_one_bucket_of_its_time(facts: list[DayFact]) -> None:
    day = seller_day(facts, NOW)

    assert len({(bucket.kind, bucket.at) for bucket in day.buckets}) == len(day.buckets)
    for bucket in day.buckets:
        assert bucket.until - bucket.at == BUCKETS[bucket.kind]
        assert (bucket.at - day.since) % BUCKETS[bucket.kind] == timedelta()
        for fact in bucket.facts:
            assert fact.kind is bucket.kind
            assert bucket.at <= min(fact.at, NOW) < bucket.until


def test_the_window_has_24_hours_with_the_one_that_is_not_over() -> None:
    day = seller_day([], NOW)

    assert (len(day.hours), day.since, day.until) == (HOURS, window_of(NOW), NOW)
    assert day.hours[-1] <= NOW < day.hours[-1] + HOUR


def test_a_bucket_says_what_it_holds_and_when() -> None:
    ten = datetime(2026, 12, 1, 10, tzinfo=UTC)
    error = "EbayUnavailableError: eBay does not answer (HTTP 503)"
    polls, changes, failures, acts = seller_day(
        [
            DayFact(DayKind.POLLS, ten, 1200, "orders", quiet=1190),
            DayFact(DayKind.POLLS, ten, 4, "inventory", quiet=4),
            DayFact(DayKind.CHANGES, ten + timedelta(minutes=2), 1, "orders"),
            DayFact(DayKind.FAILURES, ten, 3, "poll of orders failed", ten + timedelta(minutes=9), error),
            DayFact(DayKind.ACTS, ten + timedelta(minutes=40), 1, "pause", text="by page (stock-take)"),
        ],
        NOW,
    ).buckets

    assert (span(polls), polls.words) == ("10:00 to 11:00", "1,204 polls, 1,194 of them found nothing: 1,200 of orders, 4 of inventory")
    assert (span(changes), changes.words) == ("10:02", "1 change of orders")
    assert (span(failures), failures.words) == ("10:00 to 10:09", f"poll of orders failed (3 times): {error}")
    assert (span(acts), acts.words) == ("10:40", "pause: by page (stock-take)")


def test_a_pause_that_ended_by_itself_is_told_though_nobody_acted() -> None:
    since, nine, ten, noon = window_of(NOW), *(datetime(2026, 12, 1, hour, tzinfo=UTC) for hour in (9, 10, 12))

    def ends(pauses: dict[datetime, datetime | None]) -> list[datetime]:
        return [fact.at for fact in ends_of_pauses(pauses, since, NOW)]

    assert ends({nine: ten}) == [ten]
    assert ends({nine: noon, ten: None}) == []  # somebody resumed before
    assert ends({nine: noon, ten: NOW + HOUR}) == []  # the later pause holds, and goes on
    assert ends({nine: None}) == []  # without an end
    assert ends({since - HOUR: since - timedelta(minutes=1)}) == []  # before the window
