"""Alerts by their cause: eBay down for 3,000 sellers is one line, not 3,000. Pure; what hides what is decided in `domain/health.py`.

Who has all alerts at hand calls `group_alerts`. Who asks Postgres, which counts them there, gives it `hiding_rules` and makes the groups of
its counts (`groups_of`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.health import FOR_EVERYBODY, Finding, HealthPart, consequences, resources_down
from domain.pacing.outage import DOWN_WORDS, TOKENS
from domain.remedies import for_alert, runbook

FIRST = 5  # sellers of a group that are named
BEFORE = timedelta(minutes=5)  # a cause is known: what follows from it may have an alert by then
TITLES = {
    "failing": "polls fail",
    "late": "polls are late",
    "slow_answer": "eBay answers slowly",
    "many_changes": "unusually many changes in one poll",
    "ebay_down": "eBay does not answer",
    "quota_high": "a day's calls are nearly used up",
    "needs_reauthorization": "a new consent is needed",
    "wrong_account": "the consent is another eBay account's",
    "account_taken": "another seller has the same eBay account",
    "token_ends": "the consent ends soon",
    "keys_refused": "eBay refuses the application's keys",
    "two_deployments": "two deployments use this database",
    "restored": "the database was restored",
    "planner_late": "the planner does not run",
    "quota_short": "eBay's calls of a day are too few",
    "missed": "a sweep found what polling had missed",
    "missed_listings": "the daily report found what polling had missed",
    "orders_incomplete": "eBay's list of orders is not complete",
    "inventory_incomplete": "eBay's list of the inventory is not complete",
    "listings_incomplete": "eBay's list of listings is not complete",
    "no_report": "eBay makes no daily report",
    "ready_for_webhooks": "ready for webhooks",
    "not_notified": "notifications of eBay leave changes out",
    "notifications_stopped": "no more notifications of eBay",
    "set_aside": "records are set aside",
    "offers_unread": "offers cannot be read",
    "endpoint_failing": "an endpoint takes nothing",
    "events_awaited": "an endpoint still waits for changes that are to be deleted",
    "partition_missing": "a partition is missing",
    "endpoint_off": "an endpoint is switched off",
    "undelivered": "an endpoint does not take the next change",
}


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """One alert that is open. `kind`: as it is kept, `failing:orders`; `since`: UTC; `seller_id`: None for the fleet's."""

    kind: str
    seller_id: str | None
    text: str
    since: datetime

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> OpenAlert:
        """As `alerts --json` prints it, or the data of an `alert.opened` with the seller's id."""
        return cls(fields["kind"], fields["seller_id"], fields["text"], datetime.fromisoformat(fields["opened_at"]))


@dataclass(frozen=True, slots=True)
class HidingRule:
    """Alerts of a kind that were opened from a moment on (None: whenever) belong to the group `code`. The first that fits counts."""

    kind: str
    since: datetime | None
    code: str


@dataclass(frozen=True, slots=True)
class AlertTally:
    """What there is of one group.

    Attributes:
        abouts: what stands behind the colon of the group's own kind, the first few in order.
        first: ids of its sellers, the first few in order.
        since: of the group's own kind the oldest; where only others stand in it, of these. `text`: of the newest.
    """

    code: str
    alerts: int
    sellers: int
    first: tuple[str, ...]
    abouts: tuple[str, ...]
    since: datetime
    text: str


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """Alerts of one cause.

    Attributes:
        code: a kind without what is behind its colon, or the part that is ill: `late`, `ebay_down`, `worker`.
        what: what is wrong, in words, without whose it is.
        sellers: how many; None: all, of unknown number; 0: it is no seller's.
        first: ids of the first few.
        alerts: how many stand in it.
        text: of the newest, which may say more.
    """

    code: str
    what: str
    sellers: int | None
    first: tuple[str, ...]
    since: datetime
    remedy: str
    runbook: str
    alerts: int
    text: str

    @property
    def title(self) -> str:
        """`eBay does not answer: 3,000 sellers`, `polls fail (orders): anna`, `two deployments use this database`."""
        return f"{self.what}: {self.whose}" if self.whose else self.what

    @property
    def whose(self) -> str:
        """`3,000 sellers`, `anna`, `all sellers`; nothing where it is no seller's."""
        if self.sellers is None:
            return "all sellers"
        return self.first[0] if self.sellers == 1 and self.first else f"{self.sellers:,} sellers" if self.sellers > 1 else ""

    def line(self, now: datetime) -> str:
        """`eBay does not answer: 3,000 sellers since 03:12 UTC`; of another day with its date."""
        since, today = self.since.astimezone(UTC), now.astimezone(UTC).date()
        return f"{self.title} since {since:%H:%M} UTC" if since.date() == today else f"{self.title} since {since:%Y-%m-%d %H:%M} UTC"


def group_alerts(alerts: Iterable[OpenAlert], wrong: Iterable[Finding] = (), everybody: int | None = None) -> list[AlertGroup]:
    """Open alerts by cause: what concerns all first, then whatever has the most sellers.

    Args:
        wrong: what else is known to be ill, which may be the cause of some (domain/health.py).
        everybody: how many sellers there are; None: not known.
    """
    alerts, wrong = list(alerts), list(wrong)
    rules = hiding_rules((one for one in alerts if one.seller_id is None), wrong)
    return groups_of(tallies(alerts, rules), wrong, everybody)


def hiding_rules(of_fleet: Iterable[OpenAlert], wrong: Iterable[Finding] = ()) -> list[HidingRule]:
    """What belongs to a cause, the gravest first: parts that are ill, then alerts of the whole fleet."""
    causes = [(one.part.value, one.part.value, "", one.since) for one in wrong if one.part is not HealthPart.EBAY]  # it has an alert
    causes += [(one.kind, code_of(one.kind), one.text, one.since) for one in sorted(of_fleet, key=lambda one: (one.kind, one.since))]
    return [
        HidingRule(kind, since - BEFORE if since else None, code)
        for cause, code, text, since in causes
        for kind in sorted(consequences(cause, text))
    ]


def code_of(kind: str) -> str:
    """`failing` of `failing:orders`."""
    return kind.partition(":")[0]


def tallies(alerts: Sequence[OpenAlert], rules: Sequence[HidingRule]) -> list[AlertTally]:
    """As Postgres counts them (store/reading/alert_tallies.py)."""
    found: dict[str, list[OpenAlert]] = {}
    for alert in alerts:
        found.setdefault(_group_of(alert, rules), []).append(alert)
    return [_tally(code, ones) for code, ones in found.items()]


def _group_of(alert: OpenAlert, rules: Sequence[HidingRule]) -> str:
    fitting = (rule.code for rule in rules if rule.kind == alert.kind and (rule.since is None or alert.since >= rule.since))
    return next(fitting, code_of(alert.kind))


def _tally(code: str, ones: Sequence[OpenAlert]) -> AlertTally:
    own = [one for one in ones if code_of(one.kind) == code]
    sellers = sorted({one.seller_id for one in ones if one.seller_id is not None})
    abouts = sorted({one.kind.partition(":")[2] for one in own} - {""})
    newest = max(own or ones, key=lambda one: (one.since, one.text))
    since = min(one.since for one in own or ones)
    return AlertTally(code, len(ones), len(sellers), tuple(sellers[:FIRST]), tuple(abouts), since, newest.text)


def groups_of(found: Iterable[AlertTally], wrong: Iterable[Finding] = (), everybody: int | None = None) -> list[AlertGroup]:
    """Groups of what was counted; `wrong` and `everybody` as in `group_alerts`."""
    parts = {one.part.value: one for one in wrong}
    return sorted((_group(one, parts.get(one.code), everybody) for one in found), key=_gravity)


def without_alert(wrong: Iterable[Finding], groups: Iterable[AlertGroup]) -> list[Finding]:
    """What is ill, and stands in no group: it has no alert, or none yet."""
    said = {name for one in groups for name in (one.code, one.runbook)}
    return [one for one in wrong if not said & {one.part.value, one.runbook}]


def _gravity(group: AlertGroup) -> tuple[bool, bool, int, str]:
    """Causes for all, then what is no seller's, then by how many sellers."""
    return group.sellers is not None and not _is_for_all(group.code, group.text), bool(group.sellers), -(group.sellers or 0), group.code


def _group(tally: AlertTally, part: Finding | None, everybody: int | None) -> AlertGroup:
    sellers = (everybody if everybody else None) if _is_for_all(tally.code, tally.text) else tally.sellers
    if part:
        what, since, remedy, book = part.sentence, part.since or tally.since, part.remedy, part.runbook
    else:
        what, since, book = _words(tally), tally.since, runbook(tally.code)
        remedy = for_alert(tally.code, tally.first[0] if tally.sellers == 1 else None, tally.text)
    return AlertGroup(tally.code, what, sellers, tally.first, since, remedy, book, tally.alerts, tally.text)


def _words(tally: AlertTally) -> str:
    if tally.code == "ebay_down" and not _is_for_all(tally.code, tally.text):
        return "; ".join(DOWN_WORDS[one] for one in DOWN_WORDS if one in resources_down(tally.text))
    about = ", ".join(tally.abouts[:FIRST]) + (" and more" if len(tally.abouts) > FIRST else "")
    return TITLES.get(tally.code, tally.code.replace("_", " ")) + (f" ({about})" if about else "")


def _is_for_all(code: str, text: str) -> bool:
    """Whether nobody at all can be polled for it."""
    if code == "ebay_down":
        return bool({"orders", TOKENS} & resources_down(text))
    return code == "keys_refused" or code in FOR_EVERYBODY
