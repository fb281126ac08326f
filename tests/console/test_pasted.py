"""A refresh token as people paste it: taken as meant, or refused with what is wrong; never shown."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.arguments import read_token
from console.rows import read_rows
from operations.enrolment import EnrolmentOptions
from operations.pasted import NoTokenError, refresh_token
from tests.support.house import House

TOKEN = "v^1.1#i^1#r^1#p^3#I^3#f^0#t^Ul4xMF8wOkFB+x/0=="
ACCESS = "v^1.1#i^1#p^3#f^0#I^3#r^0#t^H4sIAAAAAAAAAOVYa2w"
MEANT = {
    "as it is": TOKEN,
    "line end": f"  {TOKEN}\r\n\r\n",
    "percent-encoded": quote(TOKEN, safe=""),
    "percent-encoded in part": TOKEN.replace("#", "%23"),
    "in small letters": quote(TOKEN, safe="").replace("%5E", "%5e"),
    "percent-encoded twice": quote(quote(TOKEN, safe=""), safe=""),
    "quotes": f'"{TOKEN}"',
    "single quotes and comma": f"'{TOKEN}',",
    "typographic quotes": f"“{TOKEN}”",
    "quotes, encoded": f'"{quote(TOKEN, safe="")}"\n',
    "encoded quotes": quote(f'"{TOKEN}"', safe=""),
    "BOM": f"\ufeff{TOKEN}",
    "BOM inside quotes": f'"\ufeff{TOKEN}"',
    "invisible inside": f"{TOKEN[:20]}\u200b{TOKEN[20:]}\u00a0",
    "wrapped": f"{TOKEN[:20]}\n{TOKEN[20:40]}\r\n  {TOKEN[40:]}\n",
    "wrapped and encoded": f"{quote(TOKEN, safe='')[:31]}\n{quote(TOKEN, safe='')[31:]}",
    "line end as written": f"{TOKEN}\\n",
    "setting": f"refresh_token={TOKEN}",
    "setting of a shell": f'export EBAY_REFRESH_TOKEN="{TOKEN}";',
    "settings": f"EBAY_CLIENT_ID=abc\nEBAY_REFRESH_TOKEN='{TOKEN}'\nEBAY_SITE=0\n",
    "settings without quotes": f"EBAY_REFRESH_TOKEN = {TOKEN}\nEBAY_SITE = 0\n",
    "YAML": f"ebay:\n  refresh-token: {TOKEN}\n",
    "form": f"grant_type=refresh_token&refresh_token={quote(TOKEN, safe='')}&scope=a%20b",
    "address": f"https://app.example/x?a=1&refresh_token={quote(TOKEN, safe='')}",
    "JSON": json.dumps({"access_token": ACCESS, "refresh_token": TOKEN, "refresh_token_expires_in": 47304000}, indent=2),
    "JSON within": json.dumps([{"ebay": {"refresh_token": TOKEN}}]),
    "JSON string": json.dumps(TOKEN),
    "line of JSON": f'  "refresh_token": "{TOKEN}",\n  "token_type": "User Access Token"',
    "JSON without braces": f'"refresh_token":"{TOKEN}","expires_in":7200',
    "Python": f"{{'access_token': '{ACCESS}', 'refresh_token': '{TOKEN}', 'expires_in': 7200}}",
    "HTML": TOKEN.replace("#", "&#35;"),
}
REFUSED = {
    "": "empty",
    '""': "empty",
    "two words": "one line without spaces",
    "two\nlines": "one line without spaces",
    "tökén": "plain characters",
    "v%5E1.1%": "no percent sign",
    "v%5E1.1%2": "no percent sign",
    "v^1.1": "cut off at its first #",
    ACCESS: "access token",
    quote(ACCESS, safe=""): "access token",
    f"Bearer {ACCESS}": "access token",
    f"access_token={ACCESS}": "access token",
    json.dumps({"access_token": ACCESS}): "access token",
    f"{TOKEN}\n{TOKEN[:-4]}abcd": "several",
    json.dumps([{"refresh_token": TOKEN}, {"refresh_token": "another"}]): "several",
    f"refresh_token={TOKEN}&refresh_token=other": "several",
    "https://app.example/ebay/connected?code=v%5E1.1%23i%5E1&expires_in=299": "send the seller a link",
    "v^1.1#i^1#p^3**********jYw==": "hides a part",
    f"{TOKEN[:20]}...": "hides a part",
    "AgAAAA**AQAAAA**aAAAAA**": "Auth'n'Auth",
    "{}": "",
    "[" * 5000: "",
}


@pytest.mark.parametrize("text", MEANT.values(), ids=MEANT)
def test_a_token_is_taken_as_it_was_meant(text: str) -> None:
    assert refresh_token(text) == TOKEN


@pytest.mark.parametrize(("text", "word"), [one for one in REFUSED.items() if one[1]])
def test_what_is_no_refresh_token_is_refused_with_what_is_wrong_and_never_shown(text: str, word: str) -> None:
    with pytest.raises(NoTokenError) as refused:
        refresh_token(text)

    assert word in str(refused.value)
    assert not text[:9] or text[:9] not in str(refused.value)


@given(st.text(max_size=80) | st.text("v^1.#%25E\"'&={}[]:,\n ", max_size=40) | st.sampled_from([*REFUSED, *MEANT.values()]))
def test_whatever_is_pasted_what_is_taken_could_be_a_token_and_is_taken_again(text: str) -> None:
    try:
        token = refresh_token(text)
    except NoTokenError:
        return

    assert token.isascii()
    assert token.isprintable()
    assert not set(token) & {" ", "%"}


@given(st.text("ABCxyz019+/#^|=", min_size=1, max_size=60), st.integers(0, 3))
def test_a_token_survives_being_encoded_on_its_way(rest: str, times: int) -> None:
    text = token = f"v^1.1#i^1#r^1#t^Ul4x{rest}"
    for _ in range(times):
        text = quote(text, safe="")

    assert refresh_token(f'"{text}"\r\n') == token


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_files_of_windows_are_read(tmp_path: Path, encoding: str) -> None:
    text = TOKEN if encoding in ("utf-8", "utf-8-sig", "utf-16") else f"\ufeff{TOKEN}"
    (tmp_path / "token").write_bytes(f"{text}\r\n".encode(encoding))

    assert read_token(f"{tmp_path}/token") == TOKEN


def test_a_cell_of_a_csv_is_read_the_same_way(tmp_path: Path) -> None:
    cells = [quote(TOKEN, safe=""), f"'{TOKEN}'", f'"refresh_token={TOKEN}"', f'"{TOKEN[:20]}\n{TOKEN[20:]}"', ACCESS]
    lines = [f"s-{number},{cell}" for number, cell in enumerate(cells)]
    (tmp_path / "rows.csv").write_bytes("\n".join(["seller_id,refresh_token", *lines]).encode("utf-16"))

    rows = read_rows(f"{tmp_path}/rows.csv", EnrolmentOptions())

    assert [row.refresh_token for row in rows] == [TOKEN, TOKEN, TOKEN, TOKEN, ""]
    assert [row.wrong for row in rows[:4]] == [None] * 4
    assert (rows[4].wrong or "").startswith("refresh_token is an access token")


def test_a_token_from_an_address_bar_enrols_the_seller_and_an_access_token_is_told_as_one(house: House) -> None:
    house.world.add_seller("nora")
    refused = house.command("enroll", "nora", "--refresh-token-file", "-", stdin=ACCESS).failure(2)
    said = house.command("enroll", "nora", "--refresh-token-file", "-", stdin=f'"{quote(house.world.refresh_token("nora"), safe="")}"\n')

    assert "access token" in refused
    assert ACCESS[-8:] not in refused
    assert said.code == 0
