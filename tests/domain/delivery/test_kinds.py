"""Chosen types are read strictly: what could never match is refused with a hint."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from domain.delivery import TYPES, WrongTypesError, patterns

REFERENCE = Path(__file__).parents[3] / "docs" / "reference" / "events.md"


def test_every_type_of_the_reference_is_known_and_no_other() -> None:
    assert sorted(TYPES) == sorted(re.findall(r"^\| `([a-z_.]+)` \|", REFERENCE.read_text(encoding="utf-8"), re.M))


def test_words_may_stand_together_or_apart() -> None:
    assert patterns(["order.*,alert.opened", "order.*", " seller.reauthorized order.updated "]) == [
        "order.*", "alert.opened", "seller.reauthorized", "order.updated",
    ]  # fmt: skip


def test_nothing_means_everything() -> None:
    assert patterns([]) == patterns(["*"]) == ["*"]


@pytest.mark.parametrize("blank", ["", " , "])
def test_blanks_are_a_slip_that_opens_nothing(blank: str) -> None:
    with pytest.raises(WrongTypesError, match="no type is named"):
        patterns([blank])


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [
        ("orders.*", "order.*"),
        ("order.create", "order.created"),
        ("ORDER.*", "such as"),
        ("%", "such as"),
        ("**", "*"),
    ],
)
def test_what_could_never_match_is_refused(wrong: str, hint: str) -> None:
    with pytest.raises(WrongTypesError) as refused:
        patterns(["order.*", wrong])

    assert hint in str(refused.value)
    assert "\n" not in str(refused.value)
