"""Every kind of alert has a runbook and a sentence of what to do, and every runbook a kind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from domain.health import RUNBOOK, HealthPart
from domain.remedies import ALERTS
from store.schema.kinds import AlertKind, named, runbook

HOUSE = Path(__file__).parent.parent
OUTAGES = HOUSE / RUNBOOK  # of no alert: what is wrong with the whole
BOOKS = sorted({*(HOUSE / "docs" / "runbooks").glob("*.md")} - {OUTAGES})


def test_every_kind_has_a_runbook_and_every_runbook_a_kind() -> None:
    assert [book.stem for book in BOOKS] == sorted(AlertKind)
    assert {HOUSE / runbook(named(kind, "orders")) for kind in AlertKind} == set(BOOKS)


def test_every_kind_has_a_sentence_for_the_page() -> None:
    assert sorted(ALERTS) == sorted(AlertKind)


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.stem)
def test_a_runbook_says_what_it_means_what_to_look_at_and_what_to_do(book: Path) -> None:
    text = book.read_text(encoding="utf-8")

    assert text.startswith(f"# Alert `{book.stem}`\n")
    assert re.findall(r"^## (.*)$", text, re.M) == ["Look at", "Do"]
    assert all((book.parent / link).exists() for link in re.findall(r"\]\(([^)]+)\)", text))


def test_the_table_of_outages_has_fifteen_and_every_part_with_words_and_remedy() -> None:
    text = OUTAGES.read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")][1:]

    assert len(rows) >= 15
    assert all(len(row) == 5 and all(row) for row in rows)
    assert {part.value for part in HealthPart} == {one.strip("` ") for row in rows for one in row[1].split(",")}
    assert all((OUTAGES.parent / link).exists() for link in re.findall(r"\]\(([^)]+)\)", text))
