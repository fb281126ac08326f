"""Where the feed does not go on behind the app's position, nothing is skipped unless the app says so."""

from __future__ import annotations

from typing import Any

import pytest
from sellerbeat import FeedGoneError, Gone, Place

from tests.clients.conftest import AppDatabase, Listening
from tests.clients.positions import place_of, position_of, write


@pytest.fixture
def restored(web: Listening, app: AppDatabase) -> Any:
    """A position of an app that has handled what a restore undid in part."""
    position = position_of(app)
    web.sell(*range(3))
    feed = web.feed()
    feed.on("order.*", "inventory.*")(write)
    feed.run(position, until_idle=True)
    assert len(app.rows()) == 6
    web.store.restores.renew()
    web.sell(7)
    return position


def test_without_a_choice_it_stops_and_says_what_there_is_to_choose(web: Listening, app: AppDatabase, restored: Any) -> None:
    before, feed = place_of(restored), web.feed()
    feed.on("order.*", "inventory.*")(write)

    with pytest.raises(FeedGoneError, match="oldest, latest, or a function, which may begin anew") as raised:
        feed.run(restored, until_idle=True)

    assert raised.value.feed == web.store.restores.standing().generation
    assert (place_of(restored), len(app.rows())) == (before, 6)


def test_oldest_begins_with_all_that_is_kept_and_drops_what_was_handled(web: Listening, app: AppDatabase, restored: Any) -> None:
    feed = web.feed(gone="oldest")
    feed.on("order.*", "inventory.*")(write)

    feed.run(restored, until_idle=True)

    assert app.rows() == [one["id"] for one in web.store.feed.read() if not one["type"].startswith("alert.")]
    assert place_of(restored) == Place(web.store.feed.last(), web.store.restores.standing().generation)


def test_latest_goes_on_with_what_comes_from_now_on(web: Listening, app: AppDatabase, restored: Any) -> None:
    feed = web.feed(gone="latest")
    feed.on("order.*", "inventory.*")(write)

    feed.run(restored, until_idle=True)
    before = len(app.rows())
    web.sell(8)
    feed.run(restored, until_idle=True)

    assert (before, len(app.rows())) == (6, 8)


def test_an_app_begins_anew_in_the_transaction_in_which_it_forgets(web: Listening, app: AppDatabase, restored: Any) -> None:
    heard: list[Gone] = []

    def forget(gone: Gone, connection: Any) -> Any:
        heard.append(gone)
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM handled")
        if len(heard) == 1:
            raise OSError("away for a moment")
        return "anew"

    feed = web.feed(gone=forget)
    feed.on("order.*", "inventory.*")(write)
    feed.run(restored, until_idle=True)

    assert app.rows() == [one["id"] for one in web.store.feed.read() if not one["type"].startswith("alert.")]
    assert (len(heard), heard[0].restored, heard[0].latest > heard[0].place.position) == (2, True, True)


def test_a_feed_that_has_forgotten_what_follows_is_no_silent_gap_either(web: Listening, app: AppDatabase) -> None:
    position = position_of(app)
    web.sell(1)
    with position.transaction() as transaction:
        position.begin(transaction, Place(2**60, ""))  # beyond the end: another database than it was
    feed = web.feed()
    feed.on("*")(write)

    with pytest.raises(FeedGoneError):
        feed.run(position, until_idle=True)


def test_an_app_may_begin_with_what_comes_from_now_on(web: Listening, app: AppDatabase) -> None:
    position, feed = position_of(app), web.feed(begin="latest")
    feed.on("*")(write)
    web.sell(1)

    feed.run(position, until_idle=True)
    web.sell(2)
    feed.run(position, until_idle=True)

    assert app.rows() == web.ids()[2:]


def test_to_begin_anew_without_forgetting_is_refused(web: Listening) -> None:
    with pytest.raises(ValueError, match="begin anew"):
        web.feed(gone="anew")
