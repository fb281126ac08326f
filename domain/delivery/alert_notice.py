"""What people are written of alerts: by cause, with what to do. Pure; chat and mail each have their own spelling of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.alert_groups import AlertGroup, HidingRule, OpenAlert, code_of, group_alerts, hiding_rules
from domain.delivery.alert_stories import AlertNews, AlertStory
from domain.health import Finding
from domain.pacing.words import words

LINES = 10  # causes of one message; of more it says how many
FIRST = 3  # sellers of a line that are named
MARKS = {
    AlertNews.OPENED: "Open",
    AlertNews.REOPENED: "Open again",
    AlertNews.PASSED: "Opened and closed",
    AlertNews.CLOSED: "Closed",
}
ALL_OPEN = "See all that is open: starter.py alerts"


@dataclass(frozen=True, slots=True)
class NoticeLine:
    """One cause.

    Attributes:
        mark: what became of it: `Open`.
        what: what is wrong, whose, since when or for how long.
        detail: the newest alert's own words, where they say more.
        remedy: what to do; None: it is over.
        runbook: a file of this repository.
        seller_id: the only one of it.
    """

    mark: str
    what: str
    detail: str | None = None
    remedy: str | None = None
    runbook: str | None = None
    seller_id: str | None = None


@dataclass(frozen=True, slots=True)
class AlertNotice:
    """One message. `more`: so many further causes are not in it."""

    title: str
    lines: tuple[NoticeLine, ...]
    more: int = 0


def is_urgent(stories: Iterable[AlertStory], causes: Iterable[OpenAlert]) -> bool:
    """Whether any of it is more than what follows from open alerts of the fleet, or is over. `causes`: these."""
    rules = hiding_rules(causes)
    return any(story.seller_id is None or (story.closed_at is None and not _follows(story, rules)) for story in stories)


def _follows(story: AlertStory, rules: Iterable[HidingRule]) -> bool:
    return any(rule.kind == story.kind and (rule.since is None or story.opened_at >= rule.since) for rule in rules)


def notice(
    stories: Iterable[AlertStory],
    now: datetime,
    causes: Sequence[OpenAlert] = (),
    wrong: Sequence[Finding] = (),
    mended: Sequence[str] = (),
) -> AlertNotice:
    """A message of all of it.

    Args:
        causes: open alerts of the fleet, said already or not: what follows from one stands in its line.
        wrong: what is wrong with the whole since the message before, and is no alert.
        mended: sentences of what was.
    """
    by_news: dict[AlertNews, list[AlertStory]] = {news: [] for news in AlertNews}
    for story in stories:
        by_news[story.news].append(story)
    lines: list[NoticeLine] = []
    for news, some in by_news.items():
        of_fleet = wrong if news is AlertNews.OPENED else ()
        alerts = [OpenAlert(one.kind, one.seller_id, one.text, one.opened_at) for one in some]
        known = {one.kind for one in alerts if one.seller_id is None}
        others = [one for one in causes if one.kind not in known] if any(one.seller_id for one in alerts) else []
        groups = [group for group in group_alerts([*alerts, *others], of_fleet) if not _is_cause_alone(group, others)]
        shown = {group.code for group in groups}
        lines += [_of_finding(one) for one in of_fleet if one.part.value not in shown]
        lines += [_of_group(news, group, some, now) for group in groups]
    lines += [NoticeLine(MARKS[AlertNews.CLOSED], sentence) for sentence in mended]
    return AlertNotice(_title(lines), tuple(lines[:LINES]), max(len(lines) - LINES, 0))


def sample(now: datetime) -> AlertNotice:
    """What `endpoint test` sends."""
    remedy = "Nothing: somebody tried whether alerts arrive here. This is how they look."
    return AlertNotice("Test of alerts", (NoticeLine("Test", f"alerts of Sellerbeat arrive here, {now:%Y-%m-%d %H:%M} UTC", None, remedy),))


def _is_cause_alone(group: AlertGroup, others: Sequence[OpenAlert]) -> bool:
    """Nothing of this message stands in the group."""
    return sum(1 for one in others if code_of(one.kind) == group.code) == group.alerts


def _title(lines: Sequence[NoticeLine]) -> str:
    """`Open: eBay does not answer: all sellers since 03:12 UTC (and 2 more)`."""
    first, *others = lines
    return f"{first.mark}: {first.what}" + (f" (and {len(others)} more)" if others else "")


def _of_finding(one: Finding) -> NoticeLine:
    return NoticeLine(MARKS[AlertNews.OPENED], one.what, None, one.remedy, one.runbook)


def _of_group(news: AlertNews, group: AlertGroup, stories: Sequence[AlertStory], now: datetime) -> NoticeLine:
    is_open = news in (AlertNews.OPENED, AlertNews.REOPENED)
    what = group.line(now) if is_open else f"{group.title}, {_lasted(group, stories)}"
    several = group.sellers is not None and group.sellers > 1
    if several and group.first:
        named = group.first[:FIRST]
        what += f" ({', '.join(named)}{', …' if len(group.first) > len(named) or group.sellers != len(named) else ''})"
    return NoticeLine(
        mark=MARKS[news],
        what=what,
        detail=group.text if is_open and group.alerts == 1 else None,
        remedy=group.remedy if is_open else None,
        runbook=group.runbook if is_open else None,
        seller_id=group.first[0] if group.sellers == 1 and group.first else None,
    )


def _lasted(group: AlertGroup, stories: Sequence[AlertStory]) -> str:
    """How long it was open; of many the longest. Several times: how often."""
    of_group = [one for one in stories if one.base == group.code] or list(stories)
    longest = max((one.closed_at - one.opened_at).total_seconds() if one.closed_at else 0.0 for one in of_group)
    times = max(one.times for one in of_group)
    return f"after {words(round(longest))}" + (f", {times} times" if times > 1 else "")
