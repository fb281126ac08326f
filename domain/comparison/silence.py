"""Whether notifications stopped."""

from datetime import datetime

from domain.comparison.rules import RULES, Rules


def silent(last: datetime, now: datetime, orders_a_day: float, rules: Rules = RULES) -> bool:
    """Whether so long without a notification means that none come any more.

    Args:
        last: the last notification, or when one began to count on them.
        orders_a_day: as the seller usually has them. Were they purely random, 8 due ones all missing would be chance once in 3,000.
    """
    silence = now - last
    return silence >= rules.silence and orders_a_day * silence.total_seconds() / 86_400 >= rules.expected
