"""What a seller id may be: the pattern and its words are one rule, and stand in one file."""

from __future__ import annotations

import re
import secrets

import pytest

from domain.scopes import BYTES, PREFIX, without_tokens
from domain.seller_id import SELLER_ID, SELLER_ID_FORM, wrong_seller_id
from tests.support.rooms import HOUSE, ROOMS, files

LETTERS = "abcdefghijklmnopqrstuvwxyz"
NAMED = {"letters": LETTERS + LETTERS.upper(), "digits": "0123456789", "dots": ".", "dashes": "-", "underscores": "_"}


def test_the_words_name_the_characters_and_lengths_that_an_id_may_have() -> None:
    least, most = map(int, re.findall(r"\d+", SELLER_ID_FORM))
    named = {name for name in NAMED if name in SELLER_ID_FORM}
    good = {chr(code) for code in range(0x500) if SELLER_ID.fullmatch(chr(code))}

    assert good == set().union(*(NAMED[name] for name in named))
    assert [length for length in range(200) if SELLER_ID.fullmatch("x" * length)] == list(range(least, most + 1))


@pytest.mark.parametrize("words", ["1 to 100 letters", "a seller id has "])
def test_the_words_stand_in_one_file(words: str) -> None:
    found = [path.relative_to(HOUSE).as_posix() for room in ROOMS for path in files(room) if words in path.read_text(encoding="utf-8")]

    assert found == ["domain/seller_id.py"]


def test_a_token_is_no_seller_id_and_ids_that_begin_like_one_are() -> None:
    wrong = wrong_seller_id(PREFIX + secrets.token_urlsafe(BYTES))

    assert wrong == "that is a token of the API, not a seller id"
    assert [one for one in ("s-17", "sb_17", "sb_0f9c2e6e-7f0a-4c43-9d6b-0d1f3f2f5f11", "sb_" + "x" * 97) if wrong_seller_id(one)] == []


def test_a_text_is_left_with_no_token_whole_or_cut_off() -> None:
    token = PREFIX + secrets.token_urlsafe(BYTES)

    assert without_tokens(f"seller {token} is not enrolled") == "seller sb_... is not enrolled"
    assert without_tokens(f"{token[:24]}, {token}x or sb_17") == "sb_..., sb_... or sb_17"
