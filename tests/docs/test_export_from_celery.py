"""The export of docs/how-to/move-from-celery.md, over tables as apps have them: who can move is exported, everybody else is named."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.docs.celery_app import TABLES, CeleryApp

NOW = datetime.now(UTC).replace(microsecond=0)
ENDS, OVER = NOW + timedelta(days=300), NOW - timedelta(days=1)
LAST = NOW - timedelta(minutes=7)


@dataclass
class Tables:
    """The app's, of one of the two kinds."""

    app: CeleryApp
    names: dict[str, str]
    in_bytes: bool

    def named(self, statement: str) -> str:
        for ours, theirs in self.names.items():
            statement = statement.replace(ours, theirs)
        return statement

    def time(self, moment: datetime | None) -> datetime | None:
        return moment if self.in_bytes or moment is None else moment.replace(tzinfo=None)

    def user(self, user: int, last: datetime | None = LAST, *, settings: bool = True) -> None:
        if settings:
            self.app.run(self.named("INSERT INTO user_settings VALUES (:user, :last)"), user=user, last=self.time(last))

    def consent(
        self, user: int, account: str | None, token: str, ends: datetime | None = ENDS, key: int = 0, sealed: str | None = None
    ) -> None:
        given = self.app.sealed(token, key) if sealed is None else sealed
        statement = """
            INSERT INTO ebay_credentials (user_id, ebay_user_id, refresh_token, refresh_token_expires_at)
            VALUES (:user, :account, :token, :ends)
        """
        stored = given.encode() if self.in_bytes else given
        self.app.run(self.named(statement), user=user, account=account, token=stored, ends=self.time(ends))


@pytest.fixture(params=["Flask", "Django"])
def tables(request: pytest.FixtureRequest, empty_database: str, tmp_path: Path) -> Tables:
    """Flask: text, and times without a zone. Django: bytes, times with a zone, and other names, put into the page's program too."""
    in_bytes = request.param == "Django"
    names = {"ebay_credentials": "accounts_ebaycredential", "user_settings": "accounts_usersettings"} if in_bytes else {}
    tables = Tables(CeleryApp(empty_database, tmp_path), names, in_bytes)
    made = TABLES.replace("token text", "token bytea").replace(" timestamp", " timestamptz") if in_bytes else TABLES
    tables.app.run(tables.named(made.replace("timestamptztz", "timestamptz")))
    program = tmp_path / "export_sellers.py"
    program.write_text(tables.named(program.read_text(encoding="utf-8")), encoding="utf-8")
    return tables


def exported(tables: Tables) -> tuple[int, list[list[str]], list[str]]:
    said = tables.app.program("export_sellers")
    heading, *rows = csv.reader(io.StringIO(said.out))
    assert heading == ["seller_id", "refresh_token", "refresh_token_expires", "last_poll_at"]
    assert "v^1.1" not in said.err
    return said.code, rows, said.err.splitlines()


def test_who_can_move_is_exported_with_token_end_and_last_poll(tables: Tables) -> None:
    for user, last in ((1, LAST), (2, LAST - timedelta(hours=1)), (3, None)):
        tables.user(user, last)
    tables.user(4, settings=False)
    tables.consent(1, "anna", "v^1.1#anna,#with a comma")
    tables.consent(2, "bert", "v^1.1#bert", key=1)  # sealed with the key of before
    tables.consent(3, "carla", "v^1.1#carla", ends=None)
    tables.consent(4, None, "v^1.1#dora")
    day = f"{ENDS:%Y-%m-%d}"

    code, rows, left_out = exported(tables)

    assert (code, left_out) == (0, [])
    assert rows == [
        ["1", "v^1.1#anna,#with a comma", day, LAST.isoformat()],
        ["2", "v^1.1#bert", day, (LAST - timedelta(hours=1)).isoformat()],
        *sorted([["3", "v^1.1#carla", "", ""], ["4", "v^1.1#dora", day, ""]], key=lambda row: not row[2]),
    ]


def test_who_cannot_move_is_named_and_no_token_is_shown(tables: Tables) -> None:
    stranger = Fernet(Fernet.generate_key()).encrypt(b"v^1.1#lost").decode()
    for user in range(1, 8):
        tables.user(user, LAST - timedelta(minutes=user))
    tables.consent(1, "anna", "v^1.1#anna")
    tables.consent(2, "bert", "", sealed=stranger)
    tables.consent(3, "carla", "", sealed="not even Fernet")
    tables.consent(4, "dora", "v^1.1#dora", ends=OVER)
    tables.consent(5, "anna", "v^1.1#anna-again")
    tables.consent(6, "emil", "v^1.1#emil")
    tables.consent(6, "fritz", "v^1.1#fritz")
    tables.consent(7, "gerd", "v^1.1#gerd", ends=NOW)  # today

    code, rows, left_out = exported(tables)

    again = "the seller has to consent again"
    assert code == 1
    assert [row[0] for row in rows] == ["1"]
    assert left_out == [
        f"2 is left out: none of the keys opens the token: {again}",
        f"3 is left out: none of the keys opens the token: {again}",
        f"4 is left out: the consent is over: {again}",
        "5 is left out: the same eBay account as 1: a seller is one account",
        "6 is left out: two eBay accounts: take the credential's id as seller_id, for everybody",
        f"7 is left out: the consent is over: {again}",
    ]


def test_of_several_consents_of_a_user_the_newest_good_one_is_exported(tables: Tables) -> None:
    for user in (1, 2, 3):
        tables.user(user, LAST - timedelta(minutes=user))
    tables.consent(1, "anna", "v^1.1#old", ends=NOW + timedelta(days=20))
    tables.consent(1, "anna", "v^1.1#new")
    tables.consent(2, "bert", "v^1.1#opens", ends=NOW + timedelta(days=20), key=1)
    tables.consent(2, "bert", "", sealed="is torn")
    tables.consent(3, "carla-before", "v^1.1#over", ends=OVER)
    tables.consent(3, "carla", "v^1.1#carla")

    code, rows, left_out = exported(tables)

    assert (code, left_out) == (0, [])
    assert [row[:2] for row in rows] == [["1", "v^1.1#new"], ["2", "v^1.1#opens"], ["3", "v^1.1#carla"]]


def test_times_may_be_text_and_those_of_another_zone_are_made_utc_by_one_line(tables: Tables) -> None:
    tables.app.run(tables.named("ALTER TABLE user_settings ALTER COLUMN last_order_poll TYPE text USING NULL"))
    for user, last in ((1, "2026-07-01T12:00:00"), (2, "2026-07-01 12:00:00.25+05:30"), (3, "2026-07-01T12:00:00Z"), (4, "never")):
        tables.app.run(tables.named("INSERT INTO user_settings VALUES (:user, :last)"), user=user, last=last)
        tables.consent(user, f"account-{user}", f"v^1.1#{user}")
    program = tables.app.folder / "export_sellers.py"
    before = program.read_text(encoding="utf-8")
    program.write_text(before.replace("NAIVE = timezone.utc", 'NAIVE = __import__("zoneinfo").ZoneInfo("Europe/Berlin")'), encoding="utf-8")

    code, rows, left_out = exported(tables)

    assert code == 1
    assert {row[0]: datetime.fromisoformat(row[3]).astimezone(UTC).isoformat() for row in rows} == {
        "1": "2026-07-01T10:00:00+00:00",
        "2": "2026-07-01T06:30:00.250000+00:00",
        "3": "2026-07-01T12:00:00+00:00",
    }
    assert [line.partition(":")[0] for line in left_out] == ["4 is left out"]
