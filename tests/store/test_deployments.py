from __future__ import annotations

from sqlalchemy import text

from store import Store


def test_a_second_deployment_on_the_database_is_seen_by_both_and_forgotten_when_it_is_gone(store: Store) -> None:
    alone = store.deployments.others("first")
    again = store.deployments.others("first")
    second = store.deployments.others("second")
    first = store.deployments.others("first")
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE sellerbeat.claims SET at = at - interval '4 minutes' WHERE name = 'deployment:second'"))

    assert (alone, again, second, first) == (0, 0, 0, 1)  # the second one looks again after a minute
    assert store.deployments.others("first") == 0


def test_both_of_two_deployments_see_the_other_from_their_second_look_on(store: Store) -> None:
    looks = [store.deployments.others(name) for name in ("first", "second", "first", "second", "first")]

    assert looks == [0, 0, 1, 1, 1]


def test_an_emptied_temporal_is_no_second_deployment(store: Store) -> None:
    """Its namespace has another id; whoever had the one before is not heard any more."""
    before = [store.deployments.others("namespace-1/queue") for _ in range(3)]
    after = [store.deployments.others("namespace-2/queue") for _ in range(3)]

    assert (before, after) == ([0, 0, 0], [0, 0, 0])


def test_one_that_comes_back_after_a_while_begins_anew(store: Store) -> None:
    store.deployments.others("first")
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE sellerbeat.claims SET at = at - interval '4 minutes' WHERE name LIKE 'deployment%'"))
    store.deployments.others("second")

    assert [store.deployments.others("first"), store.deployments.others("second")] == [0, 1]
