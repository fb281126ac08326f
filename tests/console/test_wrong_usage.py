"""What is wrong with a command or a setting is said in one line that names it; exit 2, and nothing happens."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from typer.main import get_command

from console.help import EXAMPLES
from starter import commands
from tests.support.house import House

KEY = "A" * 43 + "="  # a Fernet key as good as any
TOKEN = "v^1.1#i^1#p^3#r^1#f^0#I^3#t^Ul4xMF8xOjNDRTk4OTk"  # a refresh token as eBay's look
API_TOKEN = "sb_Zl3vQ0yT-8kXnB2_wRc7Ud5JmHs1PoE9aGfK4iLtYxM"  # one of ours, which has the form of a seller's id
CUT_OFF = API_TOKEN[:-3]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("", "name a command; --help lists them"),
        ("nonsense", "nonsense"),
        ("status", "SELLER"),
        ("status anna bert", "bert"),
        ("status anna --loud", "--loud"),
        ("status a/b", "SELLER"),
        ("status anna\n", "SELLER"),
        (f"status {'x' * 101}", "SELLER"),
        ("pause", "--all"),
        ("pause anna --all", "--all"),
        ("pause anna --until", "--until"),
        ("pause anna --until soon", "soon"),
        ("pause anna --until 0s", "0s"),
        ("pause anna --until -2h", "-2h"),
        ("pause anna --until 2020-01-01", "2020-01-01 is over"),
        ("pause --all --until 2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z is over"),
        ("pause anna --until 367d", "more than a year"),
        ("pause anna --until 999999999d", "more than a year"),
        ("pause anna --until 2999-01-01", "more than a year"),
        ("pause anna --until 2026-13-01", "2026-13-01"),
        ("pause anna --until 0001-01-01T00:00+14:00", "0001-01-01T00:00+14:00"),
        ("pause anna --until 9999-12-31T23:00-14:00", "9999-12-31T23:00-14:00"),
        ("reconcile --since 0001-01-01T00:00+14:00", "0001-01-01T00:00+14:00"),
        ("resume", "--all"),
        ("set-cadence anna", "--orders"),
        ("set-cadence anna --orders 0s", "0s"),
        ("set-cadence anna --orders 5x", "5x"),
        ("set-cadence anna --fulfillment 0.4s", "0.4s"),
        ("set-cadence anna --inventory 2d", "2d"),
        ("speed-up anna --every 30s", "--for"),
        ("speed-up anna --every 0s --for 10m", "0s"),
        ("speed-up anna --every 30s --for 8d", "8d"),
        ("poll-now anna --stream backfill", "--stream"),
        ("enroll anna", "--refresh-token-file"),
        ("enroll anna --refresh-token-file nowhere", "nowhere"),
        ("enroll anna --refresh-token-file - --orders-every 5x", "5x"),
        ("enroll anna --refresh-token-file - --backfill 730d", "730d"),
        ("connect anna --valid-for 31d", "31d"),
        ("connect anna --valid-for 1h --refresh-token-file -", "--valid-for"),
        ("connect anna --backfill 7d --refresh-token-file -", "--refresh-token-file"),
        ("connect anna --refresh-token-expires 2099-01-01", "--refresh-token-expires"),
        ("list --state asleep", "asleep"),
        ("changes --after -1", "--after"),
        ("changes --after now", "--after"),
        ("changes --seller a/b", "--seller"),
        ("snapshot anna listings", "listings"),
        ("set-aside --retry all", "--retry"),
        ("mode anna", "polling|shadow|webhooks"),
        ("mode anna both", "both"),
        ("reconcile --since yesterday", "yesterday"),
        ("reconcile --since 2026-06-02 --until 2026-06-01", "ends before it begins"),
        ("reconcile --since 2100-01-01", "future"),
        ("reconcile --until 2026-06-01", "--since"),
        ("reconcile --last 7d --since 2026-06-01", "--last"),
        ("reconcile --last 0s", "0s"),
    ],
)
def test_wrong_usage_is_said_in_one_line(house: House, arguments: str, named: str) -> None:
    said = house.command(*arguments.split(" ") if arguments else [], stdin="token")

    assert named in said.failure(2)
    assert house.rows("SELECT * FROM sellerbeat.sellers") == []


@pytest.mark.parametrize("content", ["", "\n", "two\nlines", "two words", "\N{SNOWMAN}", "tab\there"])
@pytest.mark.parametrize("command", ["enroll", "connect"])
def test_a_file_without_a_token_is_refused_and_never_shown(house: House, command: str, content: str) -> None:
    (house.folder / "token").write_text(content)

    by_file = house.command(command, "anna", "--refresh-token-file", "token").failure(2)
    by_pipe = house.command(command, "anna", "--refresh-token-file", "-", stdin=content).failure(2)

    assert "--refresh-token-file token" in by_file
    assert "--refresh-token-file -" in by_pipe
    assert not content.strip() or content.strip() not in by_file + by_pipe


def test_a_file_that_is_no_text_is_refused(house: House) -> None:
    (house.folder / "token").write_bytes(b"\xff\xfe")

    assert "not UTF-8" in house.command("enroll", "anna", "--refresh-token-file", "token").failure(2)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SELLERBEAT_DATABASE_URL", "mysql://user:hunter2@host/db"),
        ("SELLERBEAT_SECRET_KEYS", "hunter2"),
        ("SELLERBEAT_SECRET_KEYS", f"{KEY},hunter2"),
        ("SELLERBEAT_ORDERS_EVERY", "0s"),
        ("SELLERBEAT_ORDERS_EVERY", "5x"),
        ("SELLERBEAT_EBAY_TIMEOUT", "2m"),
        ("SELLERBEAT_EBAY_API_URL", "api.ebay.com"),
        ("SELLERBEAT_QUOTA_ORDERS", "-1"),
        ("SELLERBEAT_ADMIN_TOKEN", "hunter2"),
        ("SELLERBEAT_ORDER_EVERY", "5m"),
    ],
)
def test_a_wrong_setting_is_named_and_no_secret_is_shown(house: House, name: str, value: str) -> None:
    for command in ("list", "migrate", "pause --all"):
        line = house.command(*command.split(), variables={name: value}).failure(2)

        assert name in line
        assert "hunter2" not in line


def test_a_misspelt_setting_comes_with_the_right_name(house: House) -> None:
    line = house.command("list", SELLERBEAT_ORDER_EVERY="5m").failure(2)

    assert "did you mean SELLERBEAT_ORDERS_EVERY" in line


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("list", ("DATABASE_URL", "SECRET_KEYS")),
        ("status anna", ("DATABASE_URL", "SECRET_KEYS")),
        ("pause anna", ("DATABASE_URL", "SECRET_KEYS")),
        ("remove anna", ("DATABASE_URL", "SECRET_KEYS")),
        ("migrate", ("DATABASE_URL",)),
        ("enroll anna --refresh-token-file -", ("DATABASE_URL", "SECRET_KEYS", "EBAY_CLIENT_ID", "EBAY_CLIENT_SECRET")),
        ("connect anna --refresh-token-file -", ("DATABASE_URL", "SECRET_KEYS", "EBAY_CLIENT_ID", "EBAY_CLIENT_SECRET")),
        ("connect anna", ("DATABASE_URL", "SECRET_KEYS", "EBAY_CLIENT_ID", "EBAY_REDIRECT_NAME")),
    ],
)
def test_a_missing_setting_is_named(house: House, command: str, names: tuple[str, ...]) -> None:
    for name in names:
        line = house.command(*command.split(), stdin="token", variables={f"SELLERBEAT_{name}": None}).failure(2)

        assert line.startswith(f"SELLERBEAT_{name} is not set")


def test_a_file_env_serves_where_the_environment_is_silent(house: House) -> None:
    file = Path(house.folder / ".env")
    file.write_text("SELLERBEAT_ORDERS_EVERY=5x\n")

    line = house.command("list").failure(2)
    file.unlink()

    assert "SELLERBEAT_ORDERS_EVERY" in line


def test_help_and_a_new_key_need_nothing(house: House) -> None:
    nothing: dict[str, str | None] = dict.fromkeys(house.environment)

    helped = house.command("pause", "--help", variables=nothing)
    made = house.command("new-key", "--json", variables=nothing)

    assert (helped.code, helped.err) == (0, "")
    assert "Stop polling a seller until `resume`." in helped.out
    assert (made.code, made.err) == (0, "")
    Fernet(made.object["key"])


def command_of(name: str) -> Any:
    found: Any = get_command(commands())
    for word in name.split():
        found = found.commands[word]
    return found


def pasted(name: str, example: str, token: str = TOKEN) -> Iterator[list[str]]:
    """The example of a command with the token in the place of each value, and each other option of the command with it."""
    typed = shlex.split(example)
    for at in range(len(name.split()), len(typed)):
        if not typed[at].startswith("--"):
            yield [*typed[:at], token, *typed[at + 1 :]]
    for param in command_of(name).params:
        option = max(param.opts, key=len)
        if param.param_type_name == "option" and not param.is_flag and option not in typed:
            yield [*typed, option, token]
        if param.param_type_name == "argument" and not param.required and len(typed) == len(name.split()):
            yield [*typed, token]


@pytest.mark.parametrize("token", [TOKEN, API_TOKEN, CUT_OFF], ids=["ebays", "ours", "ours, cut off"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_no_error_shows_a_token_that_was_pasted_in_the_place_of_any_value(house: House, name: str, token: str) -> None:
    typed = list(pasted(name, EXAMPLES[name], token))
    shown = {" ".join(words): said.err for words in typed if leaks((said := house.command(*words)).err, token)}

    assert shown == {}


def test_a_token_in_the_place_of_a_change_is_not_shown(house: House) -> None:
    assert house.command("replay", TOKEN).failure(1) == "no change has such an id; nothing is sent"


def leaks(text: str, token: str) -> bool:
    return any(token[at : at + 10] in text for at in range(len(token) - 9))


def of_a_seller(name: str, example: str) -> Iterator[list[str]]:
    """A command with a token of ours in each place where it takes a seller."""
    begin = name.split()
    rest = [word for word in shlex.split(example)[len(begin) :] if word not in ("s-17", "--seller", "--all")]
    for param in command_of(name).params:
        if param.metavar == "SELLER":
            yield [*begin, API_TOKEN, *rest] if param.param_type_name == "argument" else [*begin, *rest, "--seller", API_TOKEN]


@pytest.mark.parametrize("name", [name for name in EXAMPLES if list(of_a_seller(name, EXAMPLES[name]))])
def test_a_token_in_the_place_of_a_seller_is_refused_before_anybody_is_asked(house: House, name: str) -> None:
    for words in of_a_seller(name, EXAMPLES[name]):
        assert "that is a token of the API, not a seller id" in house.command(*words).failure(2)
    assert house.rows("SELECT * FROM sellerbeat.audit WHERE seller_id LIKE 'sb%'") == []


def test_a_token_would_be_found_in_the_values_of_many_commands() -> None:
    assert sum(len(list(pasted(name, example))) for name, example in EXAMPLES.items()) > 80
