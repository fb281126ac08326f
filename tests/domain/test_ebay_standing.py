"""Whose trouble it is that calls fail, when it is said, and what to do about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.ebay_standing import REMEDIES, EbayFault, EbayStanding, fault_of, remedy, standing
from domain.remedies import for_alert, for_state

NOW = datetime(2026, 12, 1, 3, tzinfo=UTC)
PROXY = "eBay's orders API is down, as it seems (cannot reach the proxy at 10.0.0.1:3128, since 03:00:00 UTC)"


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("opened", "doubted", "since", "good", "stands"),
    [
        (None, None, None, None, EbayStanding.WELL),
        (None, ago(1), ago(14), None, EbayStanding.WELL),  # others may be answered, and say so
        (None, ago(1), ago(15), None, EbayStanding.DOUBTED),
        (None, ago(1), ago(15), ago(3), EbayStanding.WELL),  # somebody was answered
        (None, ago(1), ago(15), ago(900), EbayStanding.DOUBTED),  # before
        (None, ago(121), ago(150), None, EbayStanding.WELL),  # nobody called since
        (ago(1), ago(1), ago(61), None, EbayStanding.DOWN),
        (ago(900), ago(900), ago(961), ago(2000), EbayStanding.DOWN),
    ],
)
def test_doubt_is_said_after_seconds_and_ends_with_an_answer_to_anybody(
    opened: datetime | None, doubted: datetime | None, since: datetime | None, good: datetime | None, stands: EbayStanding
) -> None:
    assert standing(opened, doubted, since, good, NOW) is stands


@pytest.mark.parametrize(
    ("words", "what", "do"),
    [
        (PROXY, EbayFault.PROXY, "mend the proxy"),
        ("cannot reach eBay through the proxy at 10.0.0.1:3128 (it answers HTTP 407)", EbayFault.PROXY, "HTTPS_PROXY"),
        ("cannot reach eBay at api.ebay.com:443", EbayFault.LINE, "DNS and firewall"),
        ("cannot reach eBay", EbayFault.LINE, "DNS and firewall"),
        ("eBay fails (HTTP 503)", EbayFault.EBAY, "eBay's API status"),
    ],
)
def test_what_fails_is_named_with_what_to_do(words: str, what: EbayFault, do: str) -> None:
    assert fault_of(words) is what
    assert do in remedy(words)


def test_nobody_is_told_to_do_nothing_about_a_proxy_that_is_down() -> None:
    said = REMEDIES[EbayFault.PROXY].capitalize()[:15]

    assert (for_state("ebay_down", "anna", reason=PROXY) or "").startswith(said)
    assert for_alert("ebay_down", None, PROXY).startswith(said)
    assert (for_state("ebay_down", "anna", reason="eBay fails (HTTP 503)") or "").startswith("Nothing")
