"""Wrong input of every command: one line that says what to write, exit 2, before any server is asked; and never a secret in it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from console.help import EXAMPLES
from starter import commands
from tests.support.typed import typed

SECRET = "v^1.1#i^1#p^3#r^1#f^0#I^3#t^Ul4xMF8xOjNDRTk4OTk"
API_TOKEN = "sb_5dF3kq9LzX0vPw7RtYbN2mHcJ8aGeU1sQ4iO6xZ"
LIBRARYS = re.compile(
    r"Invalid value|is not a valid|No such (command|option)|Missing (option|argument|parameter)|Usage:|Value error|<class|Traceback|None\b"
)

WRONG: list[tuple[str, str]] = [  # what is typed, and what the line has to name or to say
    ("", "name a command"),
    ("lst", "did you mean list?"),
    ("LIST", "--help lists them"),
    ("set_cadence anna", "did you mean set-cadence?"),
    ("--jsn list", "--help"),
    ("--json list", "--json stands behind its command; write starter.py list --json"),
    ("--seller s-1 changes", "write starter.py changes --seller SELLER"),
    ("endpoint --json add", "write starter.py endpoint add --json"),
    ("list anna", "one word too many"),
    ("list --state", "--state polling|paused"),
    ("list --state asleep", "choose one of polling, paused"),
    ("list --state POLLING", "choose one of polling"),
    ("list --limit 0", "from 1 to 1,000,000"),
    ("list --limit x", "write it as 20"),
    ("list --limit 1.5", "whole number"),
    ("list --limit -3", "whole number"),
    ("list --limit \u0663", "whole number"),
    ("list --limt 3", "did you mean --limit?"),
    ("list --json=yes", "write --json alone"),
    ("status", "write starter.py status SELLER"),
    ("status ''", "1 to 100 letters"),
    ("status a/b", "starter.py list shows yours"),
    (f"status {'x' * 101}", "1 to 100 letters"),
    ("status anna bert", "one word too many"),
    ("status anna --folow", "did you mean --follow?"),
    ("watch --every 0s", "write 30s"),
    ("watch --every 2h", "1s to 1h"),
    ("watch --every fast", "no duration"),
    ("watch now", "one word too many"),
    ("quota --plan", "--plan SELLERS"),
    ("quota --plan 0", "from 1 to 1,000,000"),
    ("quota --plan many", "write it as 20"),
    ("alerts --seller a/b", "--seller"),
    ("alerts --open", "--help"),
    ("set-aside --retry all", "--retry"),
    ("set-aside --retry 0", "of 1 or more"),
    ("set-aside --retry 99999999999999999999", "of 1 or more"),
    ("changes --after -1", "--after"),
    ("changes --after now", "--after"),
    ("changes --last 0", "--last"),
    ("changes --last 2h", "--last"),
    ("changes --since", "--since TIME"),
    ("changes --since yesterday", "write 2h (ago)"),
    ("changes --since 2999-01-01", "in the future"),
    ("changes --since 12:00", "write 2h (ago)"),
    ("changes --since -2h", "write 2h (ago)"),
    ("changes --type order", "did you mean order.*?"),
    ("changes --type order.creatd", "did you mean order.created?"),
    ("changes --type", "--type TYPE"),
    ("changes --seller a/b", "1 to 100 letters"),
    ("changes anna", "one word too many"),
    ("find", "write starter.py find TEXT"),
    ("find ' '", "write an order number"),
    (f"find {'x' * 201}", "200 characters"),
    ("find 'a\tb'", "no id holds such a character"),
    ("find 03-1 03-2", "one word too many"),
    ("snapshot anna", "orders|fulfillments|inventory|offers"),
    ("snapshot anna listings", "choose one of orders, fulfillments"),
    ("snapshot orders anna", "choose one of orders"),
    ("events order.creatd", "did you mean order.created?"),
    ("events order.*", "name one"),
    ("events --schema", "--schema needs the TYPE"),
    ("enroll", "--from"),
    ("enroll anna", "--refresh-token-file"),
    ("enroll anna --refresh-token-file", "--refresh-token-file F|-"),
    ("enroll anna --refresh-token-file nowhere", "nowhere cannot be read"),
    ("enroll anna --refresh-token-file - --orders-every 5x", "write 30s"),
    ("enroll anna --refresh-token-file - --orders-every 2d", "0.5s to 1d"),
    ("enroll anna --refresh-token-file - --backfill 730d", "1s to 729d"),
    ("enroll anna --refresh-token-file - --refresh-token-expires soon", "write it as 2028-01-01"),
    ("enroll anna --refresh-token-file - --refresh-token-expires 2020-01-01", "is over"),
    ("enroll anna --refresh-token-file - --inventory-source ebay", "choose one of auto"),
    ("enroll anna --from rows.csv", "leave SELLER"),
    ("enroll --from nowhere.csv", "cannot be read"),
    ("connect", "starter.py connect SELLER"),
    ("connect anna --valid-for 31d", "1m to 30d"),
    ("connect anna --valid-for 1h --refresh-token-file -", "--valid-for"),
    ("connect anna --refresh-token-expires 2099-01-01", "goes with --refresh-token-file"),
    ("remove", "starter.py remove SELLER"),
    ("remove anna --eraze", "did you mean --erase?"),
    ("pause", "name one seller, or --all"),
    ("pause anna --all", "name one seller, or --all"),
    ("pause anna --reason", "--reason REASON"),
    ("pause anna for lunch", "with quotes around a text"),
    ("pause anna --until soon", "write 2h (from now)"),
    ("pause anna --until 0s", "write 2h (from now)"),
    ("pause anna --until 2020-01-01", "is over"),
    ("pause anna --until 367d", "within a year"),
    ("resume", "name one seller, or --all"),
    ("speed-up anna --every 30s", "--for is missing"),
    ("speed-up anna --for 10m", "--every DURATION"),
    ("speed-up anna --every 0s --for 10m", "0s"),
    ("speed-up anna --every 30s --for 8d", "1s to 7d"),
    ("poll-now anna --stream listing", "choose one of orders"),
    ("active", "starter.py active SELLER"),
    ("set-cadence anna", "--orders"),
    ("set-cadence anna --orders 0s", "write 30s"),
    ("set-cadence anna --inventory 2d", "0.5s to 1d"),
    ("set-inventory anna", "--source"),
    ("set-inventory anna --source trading --offers", "--offers needs"),
    ("mode anna", "polling|shadow|webhooks"),
    ("mode anna both", "choose one of polling, shadow, webhooks"),
    ("reconcile --since yesterday", "write it as 2026-06-01"),
    ("reconcile --last 0s", "write 30s"),
    ("endpoint", "name a command of starter.py endpoint"),
    ("endpoint ad", "did you mean add?"),
    ("endpoint add", "starter.py endpoint add URL"),
    ("endpoint change ep-1", "--url"),
    ("endpoint secret ep-1", "--rotate"),
    ("endpoint secret ep-1 --rotate --drop-old", "name one of"),
    ("endpoint test", "starter.py endpoint test ID"),
    ("deliveries --limit 0", "from 1 to 10,000"),
    ("deliveries --limit 10001", "from 1 to 10,000"),
    ("deliveries --failed=no", "write --failed alone"),
    ("deliveries --type orders.*", "did you mean"),
    ("deliveries --since yesterday", "write 2h (ago)"),
    ("deliveries --since 1h --until 2h", "--until lies before --since"),
    ("delivery", "ID is missing"),
    ("delivery e-1 --revel", "--reveal"),
    ("replay", "by ID, by --from and --to, by --seller"),
    ("replay --since 1h --until 2h", "--until lies before --since"),
    ("replay --type orders.*", "did you mean"),
    ("replay --dry-run", "by --failed"),
    ("replays twelve", "write it as 20"),
    ("replay --from 0", "of 1 or more"),
    ("replay --from 20 --to 10", "--to lies before --from"),
    ("notifications", "setup, repair, show"),
    ("notifications fix", "--help lists them"),
    ("token", "create, list, revoke"),
    ("token create", "NAME is missing"),
    ("token create shop", "--scope is missing"),
    ("token create shop --scope all", "choose one of feed, read, control, admin"),
    ("token create shop --scope feed --expires 10s", "1m to 3650d"),
    ("token create shop --scope feed --seller a/b", "1 to 100 letters"),
    ("token revoke", "ID|NAME"),
    ("audit --last 0", "from 1 to 1,000,000"),
    ("audit --since 2026-06-01", "write 30s"),
    ("erasures --from F", "goes with --again"),
    ("restored --erasure F", "did you mean --erasures?"),
    ("migrate now", "one word too many"),
    ("doctor --fix", "--help"),
    ("new-key 3", "one word too many"),
    ("rotate-keys --all", "--help"),
]


def test_there_are_enough_wrong_inputs_and_some_of_every_command() -> None:
    words = " ".join(arguments for arguments, _ in WRONG)

    assert len(WRONG) >= 90
    assert [name for name in get_command(commands()).commands if name not in words and name != "endpoints"] == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(("arguments", "said"), WRONG)
def test_wrong_input_is_answered_with_one_line_that_says_what_to_write(tmp_path: Path, arguments: str, said: str) -> None:
    line = typed(tmp_path, *shlex.split(arguments), stdin="token").failure(2)  # 1 would be a server that was asked

    assert said in line
    assert not LIBRARYS.search(line), line
    assert len(line) < 300


@pytest.mark.parametrize("secret", [SECRET, API_TOKEN, "whsec_" + "Zm9vYmFy" * 4, "A" * 43 + "="])
@pytest.mark.parametrize(
    "arguments",
    [
        *("{}", "status {}", "status anna {}", "list --state {}", "list --limit {}", "changes --since {}", "changes --type {}", "--{}"),
        *(
            "find {}",
            "pause anna --until {}",
            "set-cadence anna --orders {}",
            "snapshot anna {}",
            "mode anna {}",
            "endpoint {}",
            "list --{}",
        ),
        *("enroll anna --refresh-token-file {}", "enroll --from {}", "set-aside --retry {}", "token create shop --scope {}", "events {}"),
        *("connect anna --refresh-token-expires {}", "audit --since {}", "replay --from {}", "poll-now anna --stream {}"),
    ],
)
def test_a_secret_in_the_wrong_place_is_never_shown(tmp_path: Path, arguments: str, secret: str) -> None:
    said = typed(tmp_path, *[word.format(secret) for word in arguments.split()])

    assert said.code in (1, 2)
    assert secret not in said.err + said.out
    assert secret[8:30] not in said.err


def test_every_command_has_an_example_and_every_example_can_be_typed(tmp_path: Path) -> None:
    found: dict[str, Any] = {}

    def walk(group: Any, before: str) -> None:
        for name, command in group.commands.items():
            walk(command, f"{before}{name} ") if hasattr(command, "commands") else found.setdefault(f"{before}{name}", command)

    walk(get_command(commands()), "")

    assert found.keys() == EXAMPLES.keys()
    for name, example in EXAMPLES.items():
        assert example.startswith(name)
        found[name].make_context(name, shlex.split(example)[len(name.split()) :]).close()


def test_help_has_groups_with_whole_sentences_that_fit_80_columns(tmp_path: Path) -> None:
    helped = typed(tmp_path, "--help", COLUMNS="80")

    assert (helped.code, helped.err) == (0, "")
    assert max(map(len, helped.out.splitlines())) <= 80
    assert "..." not in helped.out.partition("\n")[2]
    assert re.search(r"^See how it is:\n  list  ", helped.out, re.MULTILINE)
    assert [name for name in get_command(commands()).commands if not re.search(rf"^  {name}  ", helped.out, re.MULTILINE)] == []  # type: ignore[attr-defined]
    assert "Example: starter.py pause s-17 --until 2h" in typed(tmp_path, "pause", "--help").out
    assert "Example: starter.py endpoint add" in typed(tmp_path, "endpoint", "add", "--help").out


def test_the_version_is_that_of_the_package_and_of_its_tables(tmp_path: Path) -> None:
    assert re.fullmatch(r"sellerbeat \d+\.\d+\.\d+; its tables are at revision \d{4}\n", typed(tmp_path, "--version").out)
