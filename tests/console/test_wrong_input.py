"""Wrong input that only files and what is stored can tell: unknown sellers and ids, empty and binary files, times, contradictions; of every
command one line that says what to write, exit 2 where it never makes sense and 1 where nothing is there, and nothing stored.

What makes no sense by itself is in test_usage.py, which asks no server.
"""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from console.help import EXAMPLES
from tests.api.test_wrong_input import stored
from tests.console.test_usage import LIBRARYS
from tests.support.house import House

LONG = "x" * 100
NUL, SURROGATE, ARABIC, EMOJI = "a\x00b", "a\udcffb", "\u0645\u0631\u062d\u0628\u0627", "\U0001f469\u200d\U0001f467"
FILES: dict[str, bytes] = {
    "empty": b"",
    "blank": b" \n\t\n",
    "binary": bytes(range(256)) * 20,
    "latin": "t\u00f6ken".encode("latin-1"),
    "half": "v^1.1#i".encode("utf-16")[:-1],
    "json": b'{"access_token": "x"}',
    "broken.json": b'{"refresh_token": ',
    "lines": b"not json\n",
    "list.json": b"[1, 2]\n",
    "nul.csv": b"seller_id,refresh_token\na\x00b,x\n",
    "wide.csv": b"seller_id,refresh_token\n" + b"," * 50 + b"\n",
    "other.csv": b"name,token\nanna,x\n",
    "quote.csv": b'seller_id,refresh_token\nanna,"x\n',
}
UNKNOWN, NO_TEXT = "is not enrolled", "bytes that are no UTF-8"
SETTINGS = {
    "SELLERBEAT_PUBLIC_URL": "https://sellerbeat.example",
    "SELLERBEAT_NOTIFICATION_TOKEN": "n" * 40,
    "SELLERBEAT_NOTIFICATION_EMAIL": "ops@example.com",
    "SELLERBEAT_EBAY_REDIRECT_NAME": "Some-RuName-abc",
    "SELLERBEAT_RETURN_ORIGINS": "https://app.example",
}

WRONG: list[tuple[str, int, str]] = [  # what is typed, the exit code, and what the line has to name or to say
    # sellers that nobody knows, with ids of 100 characters and of other scripts
    *(
        (f"{command} nobody{rest}", 1, UNKNOWN)
        for command, rest in {
            "status": "",
            "pause": "",
            "pause ": " --until 2h",
            "resume": "",
            "poll-now": "",
            "speed-up": " --every 30s --for 10m",
            "active": "",
            "set-cadence": " --orders 2m",
            "set-inventory": " --source both",
            "mode": " shadow",
            "snapshot": " orders",
            "remove": "",
            "notifications show": "",
            "notifications repair": "",
        }.items()
    ),
    (f"status {LONG}", 1, f"{LONG} {UNKNOWN}"),
    (f"remove {LONG} --erase --yes", 2, "--yes"),
    (f"pause {ARABIC}", 2, "1 to 100 letters"),
    (f"status {EMOJI}", 2, "1 to 100 letters"),
    (f"status '{NUL}'", 2, NO_TEXT),
    (f"status '{SURROGATE}'", 2, NO_TEXT),
    ("'\udcff'", 2, NO_TEXT),
    (f"pause anna --reason '{SURROGATE}'", 2, NO_TEXT),
    (f"enroll --from '{SURROGATE}.csv'", 2, NO_TEXT),
    ("connect nobody --refresh-token-file json", 2, "an access token"),
    ("alerts --seller nobody", 1, UNKNOWN),
    ("notifications setup nobody", 1, UNKNOWN),
    ("changes --seller nobody", 1, UNKNOWN),
    ("changes --seller nobody --json", 1, UNKNOWN),
    ("set-aside --seller nobody", 1, UNKNOWN),
    ("deliveries --seller nobody", 1, UNKNOWN),
    ("replay --seller nobody", 1, UNKNOWN),
    ("reconcile --seller nobody", 1, UNKNOWN),
    ("audit --seller nobody", 1, UNKNOWN),
    ("endpoint add https://1.1.1.1/ --seller nobody", 1, UNKNOWN),
    # ids that nobody has, or can have
    *(
        (f"endpoint {act} ep-none", 1, "there is no endpoint")
        for act in ("enable", "disable", "remove", "deliver-now", "test", "secret --rotate")
    ),
    (f"endpoint test ep-{LONG}", 1, "there is no endpoint"),
    (f"endpoint enable '{NUL}'", 2, NO_TEXT),
    (f"endpoint disable '{SURROGATE}'", 2, NO_TEXT),
    ("endpoint disable 'a b'", 1, "there is no endpoint"),
    (f"endpoint disable {ARABIC}", 1, "there is no endpoint"),
    ("endpoint change ep-none --types 'order.*'", 1, "there is no endpoint"),
    ("deliveries --endpoint ep-none", 1, "there is no endpoint"),
    ("delivery chg-none", 1, "no change has the id"),
    ("replays 999", 1, "no replay"),
    (f"deliveries --endpoint '{NUL}'", 2, NO_TEXT),
    ("replay --from 1 --endpoint ep-none", 1, "there is no endpoint"),
    ("replay 00000000-0000-0000-0000-000000000000", 1, "no change has the id 00000000"),
    (f"replay '{NUL}'", 2, NO_TEXT),
    (f"replay {LONG}", 1, "no change has such an id"),
    ("token revoke nothing", 1, "no token"),
    (f"token revoke '{NUL}'", 2, NO_TEXT),
    (f"token revoke {LONG}", 1, "no token"),
    ("set-aside --retry 999", 1, "no document is set aside under 999"),
    # files
    *(
        (f"enroll anna --refresh-token-file {name}", 2, said)
        for name, said in {
            "empty": "empty",
            "blank": "empty",
            "binary": "not UTF-8",
            "latin": "not UTF-8",
            "half": "not UTF-8",
            "json": "an access token",
            "broken.json": "holds no refresh token",
            "nowhere": "cannot be read",
            ".": "cannot be read",
            "a/b/c": "cannot be read",
        }.items()
    ),
    *(
        (f"enroll --from {name}", 2, said)
        for name, said in {
            "empty": "must name the columns",
            "blank": "must name the columns",
            "binary": "not UTF-8",
            "other.csv": "no column is called",
            "quote.csv": "is no CSV",
            "nowhere.csv": "cannot be read",
            ".": "cannot be read",
            "lines": "no column is called not json",
        }.items()
    ),
    *(
        (f"erasures --again --from {name}", 2, said)
        for name, said in {
            "binary": "erasures --json",
            "lines": "erasures --json",
            "list.json": "erasures --json",
            "nowhere": "cannot be read",
            "broken.json": "erasures --json",
            ".": "cannot be read",
        }.items()
    ),
    *(
        (f"restored --erasures {name}", 2, said)
        for name, said in {
            "binary": "erasures --json",
            "lines": "erasures --json",
            "list.json": "erasures --json",
            "nowhere": "cannot be read",
        }.items()
    ),
    # addresses
    *(
        (f"endpoint add '{url}'", 2, "URL")
        for url in (
            "http://example.com/",
            "ftp://example.com/",
            "example.com/hooks",
            "https://",
            "https://user:pass@example.com/",
            "https://10.0.0.1/",
            "https://example.com:0/",
            "https://[::1]/",
            "https://exa mple.com/",
            "https://example.com/\t",
            f"https://example.com/{'x' * 2100}",
            "",
        )
    ),
    ("connect anna --return-to ftp://app.example/", 2, "return_to"),
    ("connect anna --return-to javascript:alert(1)", 2, "return_to"),
    # numbers and times
    ("changes --after 99999999999999999999", 2, "--after"),
    ("changes --last -5", 2, "--last"),
    ("changes --since 9999-12-31T23:59:59Z", 2, "in the future"),
    ("changes --since 0000-01-01", 2, "write 2h (ago)"),
    ("changes --since \u0663h", 2, "write 2h (ago)"),
    ("pause anna --until 9999-12-31T23:59:59+14:00", 2, "more than a year"),
    ("pause anna --until 1e3s", 2, "write 2h"),
    ("pause anna --until \u0662h", 2, "write 2h"),
    ("speed-up anna --every 30s --for 99999999d", 2, "1s to 7d"),
    ("speed-up anna --every NaNs --for 10m", 2, "no duration"),
    ("set-cadence anna --orders -1s", 2, "no duration"),
    ("reconcile --since 2026-06-02 --until 2026-06-01", 2, "ends before it begins"),
    ("reconcile --since 2026-02-30", 2, "no time"),
    ("audit --since 1d --last 1000001", 2, "from 1 to 1,000,000"),
    ("token create shop --scope feed --expires 0d", 2, "no duration"),
    ("enroll anna --refresh-token-file json --refresh-token-expires 2028-02-30", 2, "no date"),
    ("enroll anna --refresh-token-file json --last-poll-at 2999-01-01", 2, "--last-poll-at"),
    # what contradicts itself
    ("enroll anna --refresh-token-file json --backfill 7d --last-poll-at 2026-06-01", 2, "give one of them"),
    ("enroll anna --from other.csv --refresh-token-file json", 2, "SELLER"),
    ("set-inventory anna --source trading --offers", 2, "--offers"),
    ("erasures --pending --again --from empty", 2, "--pending"),
    ("token create sb_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa --scope feed", 2, "not a name for one"),
    ("token create 'my shop' --scope feed", 2, "1 to 60 letters"),
    ("token create ADMIN_TOKEN --scope feed", 2, "choose another one"),
    (f"token create {LONG} --scope feed", 2, "1 to 60 letters"),
    # types and words
    ("endpoint add https://1.1.1.1/ --types nothing.*", 2, "--types"),
    ("endpoint add https://1.1.1.1/ --types ''", 2, "--types"),
    ("endpoint test ep-none --type order.nothing", 2, "order.nothing"),
    ("events order.nothing", 2, "order.nothing"),
    ("find 'a\tb'", 2, "no id holds such a character"),
    (f"find '{SURROGATE}'", 2, NO_TEXT),
    (f"audit --author '{NUL}'", 2, NO_TEXT),
    (f"audit --action '{SURROGATE}'", 2, NO_TEXT),
    (f"changes --type {ARABIC}", 2, "no type of change"),
    (f"events {EMOJI}", 2, "no type of change"),
]


@pytest.fixture(scope="module")
def filled(house: House) -> House:
    house.enroll("anna")
    for name, content in FILES.items():
        Path(house.folder / name).write_bytes(content)
    return house


def test_there_are_more_than_ninety_and_none_twice() -> None:
    assert len({arguments for arguments, _, _ in WRONG}) == len(WRONG) > 90
    assert {arguments.split()[0] for arguments, _, _ in WRONG} | {
        "list",
        "watch",
        "quota",
        "migrate",
        "doctor",
        "new-key",
        "rotate-keys",
    } >= {name.split()[0] for name in EXAMPLES if name != "endpoints"}


@pytest.mark.parametrize(("arguments", "code", "said"), WRONG, ids=lambda one: ascii(one)[:50])
def test_wrong_input_is_one_line_and_nothing_is_stored(filled: House, arguments: str, code: int, said: str) -> None:
    before = stored(filled.store)

    line = filled.command(*shlex.split(arguments), stdin="", variables=SETTINGS).failure(code)

    assert said in line
    assert not LIBRARYS.search(line), line
    assert "\x00" not in line
    assert len(line) < 400
    assert stored(filled.store) == before
