"""Thirty days of three sellers give exactly the polls that the rules say, to the second.

The expected times are calculated apart from the rules' code, from the quiet time alone: a change is seen by the first poll at or after it.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence

from domain.pacing import Facts, PacingSettings, SellerPace, next_poll

START = 1_800_000_000
HOUR, DAY = 3600, 86_400
END = START + 30 * DAY


def simulate(changes: Sequence[int], facts: Callable[[int], Facts], wakes: Sequence[int] = ()) -> list[int]:
    """Poll times. A poll takes no time and finds the changes since the one before; each of `wakes` (activity reported) polls at once."""
    polls: list[int] = []
    last_change = now = START
    while now < END:
        if polls and bisect_right(changes, now) > bisect_right(changes, polls[-1]):
            last_change = now
        polls.append(now)
        at, _ = next_poll(SellerPace(last_change), facts(now), now, PacingSettings())
        now = min([round(at), *(wake for wake in wakes if now < wake < at)])
    return polls


def test_a_busy_seller_is_polled_every_two_minutes_whatever_happens() -> None:
    polls = simulate(changes=[START + 5 * DAY], facts=lambda now: Facts(sales_30d=240))

    assert polls == list(range(START, END, 120))
    assert len(polls) == 21_600


def test_a_quiet_seller_slows_down_and_is_back_with_the_first_change() -> None:
    # After a change: 12 polls of 5 min, 6 of 10 min, 5 of 12 min 30 s (the last ends at 3:02:30), then every 15 min.
    slowing = [*range(0, 3600, 300), *range(3600, 7200, 600), *range(7200, 10_950, 750)]
    one_change = 10 * DAY + 1234
    stretch = [*slowing, *range(10_950, 30 * DAY, 900)]
    seen = next(at for at in stretch if at >= one_change)
    expected = [at for at in stretch if at < seen] + [seen + at for at in stretch if seen + at < 30 * DAY]

    polls = simulate(changes=[START + one_change], facts=lambda now: Facts(sales_30d=3))

    assert [at - START for at in polls] == expected
    assert len(polls) == (23 + 950) + (23 + 1906)


def test_a_waking_seller_is_dormant_until_the_login_and_again_a_week_after() -> None:
    logins = [START - 8 * DAY, START + 12 * DAY + 777]
    woken = logins[1]
    changes = range(woken, END, 600)  # always something new once awake: no quiet in between

    def facts(now: int) -> Facts:
        return Facts(last_login=logins[bisect_right(logins, now) - 1])

    polls = simulate(changes, facts, wakes=[woken])

    asleep = list(range(START, woken, 6 * HOUR))
    awake = list(range(woken, woken + 7 * DAY, 300))
    asleep_again = list(range(woken + 7 * DAY, END, 6 * HOUR))
    assert polls == asleep + awake + asleep_again
    assert (len(asleep), len(awake), len(asleep_again)) == (49, 2016, 44)
