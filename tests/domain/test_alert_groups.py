"""Alerts by cause: one line each, whoever shows it, and nothing lost on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.alert_groups import BEFORE, FIRST, TITLES, OpenAlert, group_alerts
from domain.health import Finding, HealthPart
from domain.pacing.outage import DOWN_WORDS
from domain.remedies import ALERTS
from store.schema.kinds import AlertKind

NOW = datetime(2026, 12, 1, 4, 0, tzinfo=UTC)
SINCE = datetime(2026, 12, 1, 3, 12, tzinfo=UTC)
LATER = SINCE + timedelta(minutes=3)
DOWN = OpenAlert("ebay_down", None, f"{DOWN_WORDS['orders']}: 503. Nobody calls it", SINCE)
WORKER = Finding(HealthPart.WORKER, SINCE, "no worker is seen: it is frozen or dead", "restart it")


def of_sellers(count: int, kind: str = "failing:orders", since: datetime = LATER) -> list[OpenAlert]:
    return [OpenAlert(kind, f"s-{number:04}", f"{kind}: more than 3 failures in a row", since) for number in range(count)]


def test_ebay_down_for_three_thousand_sellers_is_one_line_with_its_remedy() -> None:
    (group,) = group_alerts([*of_sellers(2900), *of_sellers(2900, "late:fulfillment"), DOWN], everybody=3000)

    assert group.line(NOW) == "eBay does not answer: 3,000 sellers since 03:12 UTC"
    assert (group.code, group.alerts, group.remedy, group.runbook) == (
        "ebay_down",
        5801,
        ALERTS["ebay_down"],
        "docs/runbooks/ebay_down.md",
    )
    assert group.first == tuple(f"s-{number:04}" for number in range(FIRST))


def test_who_counts_no_sellers_says_all_of_them() -> None:
    (group,) = group_alerts([DOWN])

    assert group.line(NOW + timedelta(days=1)) == "eBay does not answer: all sellers since 2026-12-01 03:12 UTC"


def test_what_was_there_long_before_a_cause_does_not_follow_from_it() -> None:
    before = of_sellers(1, since=SINCE - BEFORE - timedelta(seconds=1))

    assert [group.title for group in group_alerts([DOWN, *before])] == ["eBay does not answer: all sellers", "polls fail (orders): s-0000"]


def test_a_resource_that_is_down_hides_what_needs_it_alone() -> None:
    down = OpenAlert("ebay_down", None, f"{DOWN_WORDS['inventory']}: 503", SINCE)
    alerts = [down, *of_sellers(2, "failing:inventory"), *of_sellers(3)]

    assert [group.title for group in group_alerts(alerts)] == ["polls fail (orders): 3 sellers", "eBay's Inventory API is down: 2 sellers"]


def test_a_dead_worker_is_the_cause_of_late_polls_and_of_no_lost_consent() -> None:
    late, lost = of_sellers(9, "late:orders"), of_sellers(2, "needs_reauthorization")

    cause, other = group_alerts([*late, *lost], [WORKER], 11)

    assert cause.line(NOW) == "no worker is seen: it is frozen or dead: 11 sellers since 03:12 UTC"
    assert (cause.code, cause.remedy, cause.runbook, cause.alerts) == ("worker", "restart it", WORKER.runbook, 9)
    assert (other.title, other.remedy) == ("a new consent is needed: 2 sellers", ALERTS["needs_reauthorization"].format(seller="SELLER"))


def test_an_endpoint_that_is_off_hides_what_it_does_not_take_and_not_what_others_do_not() -> None:
    off = OpenAlert("endpoint_off:ep_1", None, "endpoint ep_1 is switched off", SINCE)
    alerts = [off, *of_sellers(4, "undelivered:ep_1"), *of_sellers(1, "undelivered:ep_2")]

    assert {group.title: group.alerts for group in group_alerts(alerts)} == {
        "an endpoint is switched off (ep_1): 4 sellers": 5,
        "an endpoint does not take the next change (ep_2): s-0000": 1,
    }


def test_one_seller_is_named_in_what_to_do() -> None:
    (group,) = group_alerts(of_sellers(1))

    assert "starter.py status s-0000" in group.remedy


def test_a_row_of_the_command_line_is_taken_as_it_is_printed() -> None:
    row = {"kind": "failing:orders", "seller_id": "anna", "text": "t", "opened_at": "2026-12-01T03:12:00.000Z", "runbook": "", "to_do": ""}

    assert OpenAlert.of(row) == OpenAlert("failing:orders", "anna", "t", SINCE)


def test_every_kind_has_its_words() -> None:
    assert sorted(TITLES) == sorted(AlertKind)


KINDS = st.sampled_from([*TITLES, "failing:orders", "late:orders", "failing:inventory", "endpoint_off:e", "undelivered:e", "unknown"])
SOME = st.builds(
    OpenAlert,
    KINDS,
    st.sampled_from([None, "anna", "bert", "cleo"]),
    st.sampled_from(["t", *DOWN_WORDS.values()]),
    st.sampled_from([SINCE - timedelta(hours=1), SINCE, LATER]),
)


@given(st.lists(SOME, max_size=12), st.sampled_from([[], [WORKER]]), st.permutations(range(12)))
def test_every_alert_stands_in_one_group_in_whatever_order_they_come(
    alerts: list[OpenAlert], wrong: list[Finding], order: list[int]
) -> None:
    groups = group_alerts(alerts, wrong)

    assert sum(group.alerts for group in groups) == len(alerts)
    assert len({group.code for group in groups}) == len(groups)
    assert all(group.title and group.remedy and group.runbook for group in groups)
    assert {one.seller_id for one in alerts if one.seller_id} >= {seller for group in groups for seller in group.first}
    assert groups == group_alerts([alerts[number] for number in order if number < len(alerts)], wrong)
