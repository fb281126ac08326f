"""The table of ASVS names tests that are there, and says of every point who holds it or why nobody does."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[2]
TABLE = HOUSE / "docs" / "explanation" / "asvs.md"
ROW = re.compile(r"^\| (\d[^|]*) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
POINT = re.compile(r"(\d{1,2})\.\d{1,2}(\.\d{1,2})?")
HELD = re.compile(r"(tests/[a-z_/]+\.py)::(test_[a-z0-9_]+)")
CHAPTERS = {2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14}


@cache
def named_in(path: str) -> frozenset[str]:
    file = HOUSE / path
    return frozenset(re.findall(r"^(?:async )?def (test_\w+)", file.read_text(encoding="utf-8"), re.MULTILINE) if file.exists() else ())


def test_every_point_names_a_test_that_is_there_or_says_why_it_is_not_met() -> None:
    rows = [(points, held.strip()) for points, _, held in ROW.findall(TABLE.read_text(encoding="utf-8"))]
    named = {points: HELD.fullmatch(held) for points, held in rows if not re.match(r"not met(?: by a test| by a default)?: .{10,}", held)}

    assert len(rows) > 70
    assert [points for points, found in named.items() if not found or found[2] not in named_in(found[1])] == []


def test_the_table_has_points_of_every_chapter_that_applies() -> None:
    points = [point for row, _, _ in ROW.findall(TABLE.read_text(encoding="utf-8")) for point in row.strip().split(", ")]
    found = [POINT.fullmatch(point) for point in points]

    assert all(found)
    assert {int(point.partition(".")[0]) for point in points} == CHAPTERS
