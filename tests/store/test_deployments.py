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

    assert (alone, again, second, first) == (0, 0, 1, 1)
    assert store.deployments.others("first") == 0
