"""Alerts for people, some at a time, and all that are open counted by their cause: what follows from what is `domain/alert_groups.py`'s."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, text

from domain.alert_groups import FIRST, AlertGroup, AlertTally, HidingRule, OpenAlert, groups_of, hiding_rules
from domain.health import Finding
from store.schema.errors import translated
from store.schema.kinds import runbook
from store.schema.times import iso

CAUSES = 200  # alerts of the fleet that are looked at for what they hide: each is of a kind, or of an endpoint
NAMES = 20  # of endpoints or streams, in the words of a group

NEWEST_ALERTS_OF_FLEET = text("""
    SELECT kind, text, opened_at, (SELECT count(*) FROM sellerbeat.sellers WHERE removed_at IS NULL) AS everybody
    FROM sellerbeat.alerts WHERE closed_at IS NULL AND seller_id IS NULL ORDER BY id DESC LIMIT :limit
""")
COUNT_SELLERS_NOT_REMOVED = text("SELECT count(*) FROM sellerbeat.sellers WHERE removed_at IS NULL")
_OPEN_WITH_CAUSE = """
    SELECT DISTINCT ON (a.id) a.*, coalesce(r.code, split_part(a.kind, ':', 1)) COLLATE "C" AS code
    FROM sellerbeat.alerts a LEFT JOIN unnest(CAST(:kinds AS text[]), CAST(:sinces AS timestamptz[]), CAST(:codes AS text[]))
        WITH ORDINALITY AS r (kind, since, code, n) ON r.kind = a.kind AND (r.since IS NULL OR a.opened_at >= r.since)
    WHERE a.closed_at IS NULL AND (CAST(:seller_id AS text) IS NULL OR a.seller_id = CAST(:seller_id AS text))
    ORDER BY a.id, r.n
"""
# Of sellers one row each before they are counted and sorted, and by bytes: by a language's order it takes three times as long.
COUNT_OPEN_ALERTS_BY_CAUSE = text(f"""
    WITH found AS MATERIALIZED (SELECT *, split_part(kind, ':', 1) = code AS own FROM ({_OPEN_WITH_CAUSE}) AS coded),
    by_seller AS (
        SELECT code, seller_id COLLATE "C" AS seller_id, count(*) AS alerts,
            min(opened_at) FILTER (WHERE own) AS own_since, min(opened_at) AS since FROM found GROUP BY code, seller_id
    ),
    tops AS (SELECT code, own, max(opened_at) AS opened_at FROM found GROUP BY code, own),
    top AS (SELECT DISTINCT ON (code) * FROM tops ORDER BY code, own DESC),
    newest AS (SELECT code, max(text COLLATE "C") AS text FROM found JOIN top USING (code, own, opened_at) GROUP BY code),
    about AS (
        SELECT code, (array_agg(about ORDER BY about))[1:{NAMES}] AS abouts
        FROM (SELECT DISTINCT code, split_part(kind, ':', 2) COLLATE "C" AS about FROM found WHERE own) AS each
        WHERE about <> '' GROUP BY code
    )
    SELECT counted.*, newest.text, about.abouts
    FROM (
        SELECT code, CAST(sum(alerts) AS int) AS alerts, count(seller_id) AS sellers, coalesce(min(own_since), min(since)) AS since,
            (array_agg(seller_id ORDER BY seller_id) FILTER (WHERE seller_id IS NOT NULL))[1:{FIRST}] AS first FROM by_seller GROUP BY code
    ) AS counted JOIN newest USING (code) LEFT JOIN about USING (code)
""")
_PAGE = "id < :after ORDER BY id DESC LIMIT :limit"
_OF_SELLER = "(CAST(:seller_id AS text) IS NULL OR seller_id = CAST(:seller_id AS text))"
_COLUMNS = "id, seller_id, kind, text, opened_at, closed_at"
NEXT_OPEN_ALERTS = text(f"SELECT {_COLUMNS} FROM sellerbeat.alerts WHERE closed_at IS NULL AND {_OF_SELLER} AND {_PAGE}")
NEXT_ALERTS = text(f"SELECT {_COLUMNS} FROM sellerbeat.alerts WHERE {_OF_SELLER} AND {_PAGE}")
NEXT_OPEN_ALERTS_OF_CAUSE = text(f"SELECT {_COLUMNS} FROM ({_OPEN_WITH_CAUSE}) AS found WHERE code = :cause AND {_PAGE}")
NEWEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class AlertPage:
    """Alerts as `alerts --json` prints them, the newest first. `next`: what older ones come behind; None: there are none."""

    rows: list[dict[str, Any]]
    next: int | None


class AlertGroupReader:
    """Of what is open, or was. Each answer is a statement or two, and a bounded number of rows; locks nothing."""

    def __init__(self, engine: Engine) -> None:
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")

    def groups(self, wrong: Iterable[Finding] = (), seller_id: str | None = None) -> list[AlertGroup]:
        """All that are open, by cause, however many there are.

        Args:
            wrong: what else is known to be ill, and may be the cause of some.
            seller_id: theirs alone, as they are: what is wrong with all is not told of one.
        """
        wrong = list(wrong) if seller_id is None else []
        with translated(), self._single.connect() as connection:
            rules, everybody = _rules(connection, wrong) if seller_id is None else ([], 1)
            values = {**_values(rules), "seller_id": seller_id}
            rows = connection.execute(COUNT_OPEN_ALERTS_BY_CAUSE, values).all()
        found = [
            AlertTally(row.code, row.alerts, row.sellers, tuple(row.first or ()), tuple(row.abouts or ()), row.since, row.text)
            for row in rows
        ]
        return groups_of(found, wrong, everybody)

    def page(
        self,
        limit: int,
        after: int = NEWEST,
        *,
        closed: bool = False,
        seller_id: str | None = None,
        cause: str | None = None,
        wrong: Iterable[Finding] = (),
    ) -> AlertPage:
        """Some of them.

        Args:
            after: older ones than this id.
            closed: also those that passed.
            cause: of this group alone (its `code`), which has open ones only; `wrong`: as `groups` was given it.
        """
        values: dict[str, Any] = {"after": after, "limit": limit + 1, "seller_id": seller_id}
        statement = NEXT_ALERTS if closed else NEXT_OPEN_ALERTS
        with translated(), self._single.connect() as connection:
            if cause is not None:
                rules, _ = _rules(connection, list(wrong)) if seller_id is None else ([], 0)
                statement, values = NEXT_OPEN_ALERTS_OF_CAUSE, {**values, **_values(rules), "cause": cause}
            found = [dict(row) for row in connection.execute(statement, values).mappings()]
        rows = [{**row, **{name: iso(row[name]) for name in ("opened_at", "closed_at")}, "runbook": runbook(row["kind"])} for row in found]
        return AlertPage(rows[:limit], rows[limit - 1]["id"] if len(rows) > limit else None)


def _rules(connection: Connection, wrong: Sequence[Finding]) -> tuple[list[HidingRule], int]:
    """And how many sellers there are."""
    rows = connection.execute(NEWEST_ALERTS_OF_FLEET, {"limit": CAUSES}).all()
    everybody = rows[0].everybody if rows else connection.execute(COUNT_SELLERS_NOT_REMOVED).scalar_one()
    return hiding_rules((OpenAlert(row.kind, None, row.text, row.opened_at) for row in rows), wrong), everybody


def _values(rules: Sequence[HidingRule]) -> dict[str, Any]:
    return {"kinds": [rule.kind for rule in rules], "sinces": [rule.since for rule in rules], "codes": [rule.code for rule in rules]}
