"""What people are written of alerts: one line a cause, what to do, nothing that chat or mail would take for something else."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alert_groups import OpenAlert
from domain.delivery.alert_notice import LINES, AlertNotice, NoticeLine, is_urgent, notice, sample
from domain.delivery.alert_spelling import (
    LONGEST_HEADER,
    LONGEST_SECTION,
    LONGEST_SUBJECT,
    LONGEST_TEXT,
    chat_body,
    cut_escaped,
    mail_body,
    mail_subject,
)
from domain.delivery.alert_stories import AlertChange, AlertNews, stories
from domain.health import Finding, HealthPart
from domain.pacing.outage import DOWN_WORDS
from domain.remedies import ALERTS

NOW = datetime(2026, 12, 1, 3, 20, tzinfo=UTC)
SINCE = datetime(2026, 12, 1, 3, 12, tzinfo=UTC)
PAGE = "https://sellerbeat.example.com"
DOWN = f"{DOWN_WORDS['orders']}: 503. Nobody calls it"


def opened(kind: str, seller: str | None = None, text: str = "words", at: datetime = SINCE) -> AlertChange:
    return AlertChange(1, seller, kind, True, text, at)


def closed(kind: str, seller: str | None = None, text: str = "words", after: float = 20.0) -> AlertChange:
    return AlertChange(2, seller, kind, False, text, SINCE, SINCE + timedelta(seconds=after))


def titles(*changes: AlertChange) -> list[str]:
    return [f"{line.mark}: {line.what}" for line in notice(stories(changes), NOW).lines]


def test_ebay_down_is_one_line_with_what_to_do() -> None:
    late = [opened("failing:orders", f"s-{number:04}", "3 failures", SINCE + timedelta(minutes=2)) for number in range(3000)]

    found = notice(stories([opened("ebay_down", None, DOWN), *late]), NOW)

    assert found.title == "Open: eBay does not answer: all sellers since 03:12 UTC"
    assert found.lines == (
        NoticeLine("Open", "eBay does not answer: all sellers since 03:12 UTC", None, ALERTS["ebay_down"], "docs/runbooks/ebay_down.md"),
    )
    assert mail_body(found, PAGE) == (
        f"Open: eBay does not answer: all sellers since 03:12 UTC\nWhat to do: {ALERTS['ebay_down']}\n"
        f"Runbook: docs/runbooks/ebay_down.md\n\nSee all that is open: starter.py alerts, or {PAGE}/\n"
    )


def test_one_sellers_alert_names_them_and_leads_to_their_page() -> None:
    found = notice(stories([opened("failing:orders", "anna", "orders: 4 failures in a row: EbayUnavailableError")]), NOW)

    assert found.lines[0].what == "polls fail (orders): anna since 03:12 UTC"
    assert "orders: 4 failures in a row: EbayUnavailableError\nWhat to do: See the last error: starter.py status anna." in mail_body(
        found, None
    )
    assert f"Seller's page: {PAGE}/sellers/anna" in mail_body(found, PAGE)
    assert f"<{PAGE}/sellers/anna|Seller's page>" in chat_body(found, PAGE).decode()


def test_some_of_many_sellers_are_named() -> None:
    late = [opened("late:orders", f"s-{number}") for number in range(5)]

    assert titles(*late) == ["Open: polls are late (orders): 5 sellers since 03:12 UTC (s-0, s-1, s-2, …)"]
    assert titles(*late[:2]) == ["Open: polls are late (orders): 2 sellers since 03:12 UTC (s-0, s-1)"]


@pytest.mark.parametrize(
    ("happened", "news", "line"),
    [
        ("oc", AlertNews.PASSED, "Opened and closed: polls are late (orders): anna, after 20 s"),
        ("ococ", AlertNews.PASSED, "Opened and closed: polls are late (orders): anna, after 20 s, 2 times"),
        ("oco", AlertNews.OPENED, "Open: polls are late (orders): anna since 03:12 UTC"),
        ("c", AlertNews.CLOSED, "Closed: polls are late (orders): anna, after 20 s"),
        ("coc", AlertNews.CLOSED, "Closed: polls are late (orders): anna, after 20 s"),
        ("co", AlertNews.REOPENED, "Open again: polls are late (orders): anna since 03:12 UTC"),
    ],
)
def test_what_comes_and_goes_is_one_line(happened: str, news: AlertNews, line: str) -> None:
    changes = [(opened if one == "o" else closed)("late:orders", "anna") for one in happened]

    assert [story.news for story in stories(changes)] == [news]
    assert titles(*changes) == [line]


@given(st.lists(st.tuples(st.sampled_from("oc"), st.sampled_from(["anna", "ben", None]), st.sampled_from(["late:orders", "keys_refused"]))))
def test_each_alert_that_changed_is_one_story(happened: list[tuple[str, str | None, str]]) -> None:
    found = stories((opened if act == "o" else closed)(kind, seller) for act, seller, kind in happened)

    assert {(one.seller_id, one.kind) for one in found} == {(seller, kind) for _, seller, kind in happened}
    assert len(found) == len({(one.seller_id, one.kind) for one in found})


def test_an_endpoint_is_not_written_to_of_its_own_failing() -> None:
    changes = [opened("endpoint_failing:ep-1"), closed("endpoint_off:ep-1"), opened("endpoint_failing:ep-2")]

    assert [one.kind for one in stories(changes, "ep-1")] == ["endpoint_failing:ep-2"]
    assert len(stories(changes, "ep-3")) == 3


def test_what_follows_from_a_known_cause_is_not_urgent_and_stands_in_its_line() -> None:
    cause = OpenAlert("ebay_down", None, DOWN, SINCE)
    follows = stories([opened("failing:orders", "anna", at=NOW)])

    assert not is_urgent(follows, [cause])
    assert is_urgent(follows, [])
    assert is_urgent(stories([opened("needs_reauthorization", "anna")]), [cause])
    assert is_urgent(stories([closed("ebay_down")]), [])
    assert not is_urgent(stories([closed("late:orders", "anna")]), [])
    assert [line.what for line in notice(follows, NOW, [cause]).lines] == ["eBay does not answer: all sellers since 03:12 UTC"]


def test_a_cause_that_was_said_is_not_said_again_for_what_has_nothing_to_do_with_it() -> None:
    cause = OpenAlert("planner_late", None, "the planner has not run", SINCE)

    assert [line.what for line in notice(stories([opened("token_ends", "anna")]), NOW, [cause]).lines] == [
        "the consent ends soon: anna since 03:12 UTC"
    ]


def test_what_is_wrong_with_the_whole_is_said_and_hides_what_follows_from_it() -> None:
    worker = Finding(HealthPart.WORKER, SINCE, "no worker is seen", "restart it")
    clock = Finding(HealthPart.CLOCK, None, "a worker's clock is 2 min ahead", "let it follow a time server")
    late = [opened("late:orders", f"s-{number}", at=NOW) for number in range(3)]

    found = notice(stories(late), NOW, wrong=[worker, clock], mended=["Temporal does not answer"])

    assert [f"{line.mark}: {line.what}" for line in found.lines] == [
        "Open: a worker's clock is 2 min ahead",
        "Open: no worker is seen: all sellers since 03:12 UTC",
        "Closed: Temporal does not answer",
    ]


HOSTILE = st.text(st.sampled_from("a<>&|*_`@!#…é\n\r 😀"), max_size=400)


@given(HOSTILE, st.integers(0, 40), st.sampled_from([None, PAGE]))
def test_whatever_an_alert_says_chat_gets_no_mention_no_link_and_no_more_than_it_takes(text: str, many: int, page: str | None) -> None:
    line = NoticeLine("Open", text or "x", text * 9, text * 5, "docs/runbooks/late.md", "anna")
    found = AlertNotice(f"Open: {text}", (line,) * max(min(many, LINES), 1), many)

    body = json.loads(chat_body(found, page))
    texts = [one["text"]["text"] if "text" in one else one["elements"][0]["text"] for one in body["blocks"]]

    assert len(body["blocks"]) <= 50
    assert len(body["text"]) <= LONGEST_TEXT
    assert len(texts[0]) <= LONGEST_HEADER
    assert all(1 <= len(one) <= LONGEST_SECTION for one in texts)
    ours = f"<{PAGE}/sellers/anna|Seller's page>"
    assert all("<" not in one.replace(ours, "") and ">" not in one.replace(ours, "") for one in [*texts, body["text"]])
    assert "\n" not in mail_subject(found)
    assert "\r" not in mail_subject(found)
    assert len(mail_subject(found)) <= LONGEST_SUBJECT


@given(st.text(st.sampled_from("a&<>"), max_size=60), st.integers(6, 80))
def test_what_is_escaped_is_never_cut_apart(text: str, most: int) -> None:
    found = cut_escaped(text, most)

    assert len(found) <= most
    plain = found.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert text.startswith(plain.removesuffix("…"))


def test_of_very_many_causes_some_are_shown_and_the_others_counted() -> None:
    found = notice(stories([opened(f"endpoint_failing:ep-{n}") for n in range(3)] + [opened(f"kind_{n}") for n in range(20)]), NOW)

    assert len(found.lines) == LINES
    assert found.more == 21 - LINES
    assert f"{found.more} more causes are not shown" in mail_body(found, None)


def test_a_sample_says_that_it_is_one() -> None:
    assert "Test: alerts of Sellerbeat arrive here" in mail_body(sample(NOW), None)
