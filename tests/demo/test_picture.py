from datetime import timedelta

import pytest

from stage.picture import ago, due_in, news_of, rows_of
from stage.view import LineView, line, shown
from tests.demo.pictures import FRAME, NOW, picture

STREAM = {
    "last_poll_at": "2026-03-01T11:59:58.000Z",
    "next_poll_at": "2026-03-01T12:00:00.000Z",
    "why": "every 2 s",
    "failures": 0,
    "last_error": None,
}


def seller(state: str = "polling", reason: str | None = None, **streams: dict) -> dict:
    return {"seller_id": "anna", "state": state, "reason": reason, "streams": {"orders": STREAM | {"reading": False}, **streams}}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (250, "4m10s"), (11_100, "3h05m"), (187_200, "2d04h"), (-3, "0.0 s")],
)
def test_a_span_fits_a_column_of_five(seconds: float, words: str) -> None:
    assert ago(timedelta(seconds=seconds)) == words
    assert len(words) <= 5


def test_a_poll_that_is_due_is_now() -> None:
    assert due_in(NOW, NOW) == "now"
    assert due_in(None, NOW) == "-"


def test_a_paused_seller_has_no_next_poll_and_shows_the_reason() -> None:
    [row] = rows_of(seller("paused", "lunch"), {}, {}, NOW, NOW)

    assert (row.state, row.next_poll, row.why) == ("paused", None, "lunch")


def test_a_backfill_is_the_state_of_the_orders_and_its_calls_are_theirs() -> None:
    calls = {("anna", "orders"): 2, ("anna", "backfill"): 5}

    [row] = rows_of(seller(backfill=STREAM | {"reading": True}), {("anna", "orders"): 7}, calls, NOW, NOW)

    assert (row.state, row.changes, row.calls) == ("backfill", 7, 7)


@pytest.mark.parametrize(("overdue_s", "state"), [(19, "polling"), (21, "late")])
def test_a_poll_that_was_due_a_while_ago_is_late(overdue_s: float, state: str) -> None:
    [row] = rows_of(seller(), {}, {}, NOW + timedelta(seconds=overdue_s), NOW - timedelta(hours=1))

    assert row.state == state


def test_what_was_due_before_this_run_is_not_late() -> None:
    now = NOW + timedelta(days=1)

    [row] = rows_of(seller(), {}, {}, now, now)

    assert row.state == "polling"


def test_a_failing_stream_shows_its_error() -> None:
    [row] = rows_of(seller(orders=STREAM | {"reading": False, "failures": 2, "last_error": "EbayUnavailableError: 503"}), {}, {}, NOW, NOW)

    assert (row.state, row.why) == ("failing", "failed 2x: EbayUnavailableError: 503")


def test_what_a_terminal_would_obey_is_not_shown() -> None:
    event = {
        "detected_at": "2026-03-01T12:00:00.000Z",
        "seller_id": "anna",
        "type": "inventory.created",
        "entity_id": "\x1b[2J\u009b1m",
        "changed": [],
    }

    assert news_of(event).entity == "?[2J?1m"


def test_without_a_terminal_a_line_is_written_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    with shown(FRAME) as view:
        for _ in range(3):
            view.show(picture())

    assert isinstance(view, LineView)
    assert capsys.readouterr().out == "   0 s  1,234 changes, 567 calls; sellers: 3 polling\n"


def test_a_line_tells_what_hinders() -> None:
    assert line(picture(0, 0, trouble="Postgres does not answer")) == "1,234 changes, 567 calls; sellers: none; Postgres does not answer"
