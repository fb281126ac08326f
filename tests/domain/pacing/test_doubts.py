"""Whether a refusal is believed, and who may ask while it is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.pacing.doubts import (
    AT_ONCE,
    FORGOTTEN,
    LONGEST,
    MOST,
    PROBE,
    SEVERAL,
    WORKS,
    ApplicationKey,
    Consent,
    RecentRefusals,
    in_doubt,
    is_due,
    is_own,
    may_try,
)

NOW = datetime(2026, 6, 18, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OURS, OTHER = "ours", "other"
ALONE = RecentRefusals(refused=1, well=0)
times = st.none() | st.timedeltas(timedelta(), timedelta(days=3)).map(lambda ago: NOW - ago)
consents = st.builds(Consent, st.sampled_from([None, OURS, OTHER]), times, times)
keys = st.builds(ApplicationKey, st.just(OURS), st.booleans(), times, times, st.integers(0, 3), times)
asked = st.builds(RecentRefusals, st.integers(1, 60), st.integers(0, 60))


def test_one_sellers_refusal_by_the_key_that_the_token_worked_with_is_believed_at_once() -> None:
    assert is_own(Consent(OURS, None, None), ApplicationKey(OURS, known=True), ALONE, NOW)
    assert is_own(Consent(None, None, None), ApplicationKey(OURS, known=True), ALONE, NOW)


def test_a_refusal_by_another_key_or_by_one_that_never_worked_is_not() -> None:
    assert not is_own(Consent(OTHER, None, None), ApplicationKey(OURS, known=True), ALONE, NOW)
    assert not is_own(Consent(None, None, None), ApplicationKey(OURS, known=False), ALONE, NOW)


def test_several_are_three_and_half_of_those_who_asked() -> None:
    several = [(refused, well) for refused in range(1, 7) for well in range(8) if RecentRefusals(refused, well).several]

    assert several == [(refused, well) for refused in range(SEVERAL, 7) for well in range(refused + 1) if well < 8]


@given(consents, keys, asked)
def test_while_several_are_refused_nobody_new_is_believed_to_be_dead(consent: Consent, key: ApplicationKey, those: RecentRefusals) -> None:
    new = replace(consent, refused_at=None)

    if those.several and consent.client != OTHER:
        assert not is_own(new, replace(key, doubted_at=None), those, NOW)


@given(consents, keys, asked)
def test_in_doubt_nobody_is_dead_and_the_doubt_ends(consent: Consent, key: ApplicationKey, those: RecentRefusals) -> None:
    if in_doubt(key, NOW):
        assert not is_own(consent, key, those, NOW)
        assert not in_doubt(replace(key, worked=WORKS), NOW)
        assert key.doubted_at is not None
        later = key.doubted_at + LONGEST
        assert not in_doubt(replace(key, tried_at=later), later)


@given(consents, keys, asked)
def test_who_was_refused_in_a_doubt_and_is_again_after_it_is_dead(consent: Consent, key: ApplicationKey, those: RecentRefusals) -> None:
    doubted_at = NOW - timedelta(hours=1)
    over = replace(key, doubted_at=doubted_at, tried_at=NOW - SECOND, worked=WORKS)

    assert is_own(replace(consent, refused_at=NOW - timedelta(minutes=30)), over, those, NOW)
    assert is_own(replace(consent, refused_at=doubted_at - AT_ONCE), over, those, NOW)
    assert is_own(Consent(OTHER, None, None), over, those, NOW)
    assert is_own(Consent(None, None, None), replace(over, doubted_at=NOW - LONGEST, worked=0), those, NOW)


def test_a_doubt_of_a_key_that_nobody_used_for_hours_begins_anew() -> None:
    old = ApplicationKey(OURS, known=False, doubted_at=NOW - timedelta(days=3), tried_at=NOW - FORGOTTEN - SECOND)

    assert not is_own(Consent(OTHER, NOW - timedelta(days=3), None), old, ALONE, NOW)


@given(consents, st.integers(0, 5000), st.lists(st.integers(1, 120), min_size=1, max_size=60))
def test_in_doubt_a_token_that_was_refused_asks_in_the_fleets_turn_alone(consent: Consent, refused: int, steps: list[int]) -> None:
    key, now, tries = ApplicationKey(OURS, known=True, doubted_at=NOW, tried_at=NOW), NOW, []
    mine = replace(consent, client=OTHER, refused_at=NOW, tried_at=NOW)
    for seconds in steps:
        now += seconds * SECOND
        if may_try(mine, key, refused, now):
            tries.append(now)
            key, mine = replace(key, tried_at=now), replace(mine, tried_at=now)

    assert len(tries) <= (now - NOW) / PROBE
    assert may_try(mine, key, refused, now + PROBE * MOST / 2) or now - NOW >= LONGEST - PROBE * MOST


@given(consents, keys, st.integers(0, 5000))
def test_once_the_key_brought_a_token_everybody_asks_once(consent: Consent, key: ApplicationKey, refused: int) -> None:
    brought = replace(key, doubted_at=NOW - timedelta(hours=1), tried_at=NOW, worked=1, worked_at=NOW)

    assert may_try(replace(consent, tried_at=NOW - SECOND), brought, refused, NOW)
    assert not may_try(replace(consent, client=OTHER, tried_at=NOW + SECOND), brought, refused, NOW + 2 * SECOND)


def test_a_token_of_the_key_itself_that_was_never_refused_is_nobodys_turn() -> None:
    doubted = ApplicationKey(OURS, known=True, doubted_at=NOW, tried_at=NOW)

    assert may_try(Consent(OURS, None, None), doubted, 50, NOW)
    assert not may_try(Consent(OTHER, None, None), doubted, 50, NOW)
    assert not may_try(Consent(None, None, None), doubted, 50, NOW)


def test_a_dead_token_is_due_with_other_keys_at_once_with_another_version_hourly_and_daily() -> None:
    hour = timedelta(hours=1)

    assert is_due((None, None, None), OURS, "2", NOW)
    assert is_due((OTHER, "2", NOW), OURS, "2", NOW)
    assert [is_due((OURS, "1", NOW - ago), OURS, "2", NOW) for ago in (hour - SECOND, hour)] == [False, True]
    assert [is_due((OURS, "2", NOW - ago), OURS, "2", NOW) for ago in (23 * hour, 24 * hour)] == [False, True]
