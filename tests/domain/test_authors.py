"""Who did something: a short text in one line that says the same wherever it is read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.authors import KINDS, LONGEST, Author, as_author
from operations.authors import operating_system_user

AUTHORS = st.builds(Author, st.sampled_from(KINDS), st.text(max_size=300))


@given(AUTHORS)
def test_an_author_is_a_short_line_that_prints_and_reads_back(author: Author) -> None:
    text = str(author)

    assert Author.parse(text) == author
    assert as_author(text) == text
    assert 0 < len(text) <= LONGEST
    assert text.isprintable()
    assert text == " ".join(text.split())
    assert author.words()


@given(st.text(max_size=300) | st.sampled_from(KINDS).flatmap(lambda kind: st.text(max_size=300).map(lambda name: f"{kind}:{name}")))
def test_any_text_is_an_author_or_none(text: str) -> None:
    author = Author.parse(text)

    assert author is None or (author.kind in KINDS and len(str(author)) <= LONGEST and str(author).isprintable())


@pytest.mark.parametrize(
    ("author", "text", "words"),
    [
        (Author("token", "ci"), "token:ci", "ci"),
        (Author("page"), "page", "the page"),
        (Author("page", "of mine"), "page", "the page"),
        (Author("here"), "here", "this machine"),
        (Author("os", "alice"), "os:alice", "alice"),
        (Author("os", " two\nlines\t\x1b[31m "), "os:two lines [31m", "two lines [31m"),
        (Author("token", "a:b"), "token:a:b", "a:b"),
        (Author("os", "\udcff\u202e"), "os:?", "?"),
        (Author("token", "x" * 1_000_000), f"token:{'x' * 94}", "x" * 94),
    ],
)
def test_an_author_as_text_and_in_words(author: Author, text: str, words: str) -> None:
    assert (str(author), author.words()) == (text, words)


@pytest.mark.parametrize("text", [None, "", "alice", "page:alice", "here:alice", "token", "os", "root:alice", "TOKEN:ci", " page"])
def test_what_names_nobody_is_nobody(text: str | None) -> None:
    assert Author.parse(text) is None
    assert as_author(text) is None


def test_there_is_no_other_kind() -> None:
    with pytest.raises(ValueError, match="robot"):
        Author("robot", "r2")  # type: ignore[arg-type]


def test_the_command_lines_author_is_the_user_of_the_process_whatever_its_variables_say(monkeypatch: pytest.MonkeyPatch) -> None:
    real = operating_system_user()

    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody")

    assert operating_system_user() == real != Author("os", "somebody")


def test_a_user_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)

    assert str(operating_system_user()) == "os:4000000000"
