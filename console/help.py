"""`--help`: commands in groups, whole sentences, and an example of each."""

from __future__ import annotations

import re
from typing import Any

from typer.core import TyperGroup

GROUPS = {
    "See how it is": ("list", "status", "watch", "alerts", "quota", "changes", "find", "snapshot", "set-aside", "events"),
    "Sellers": ("connect", "enroll", "pause", "resume", "poll-now", "speed-up", "active", "set-cadence", "set-inventory", "remove"),
    "Changes sent to your apps": ("endpoints", "endpoint", "deliveries", "delivery", "replay", "replays"),
    "eBay's notifications": ("notifications", "mode", "reconcile"),
    "Who may do what, and who did": ("token", "audit"),
    "Upkeep": ("migrate", "doctor", "new-key", "rotate-keys", "restored", "erasures"),
}
OTHERS = "More"
EXAMPLES = {
    "list": "list --state paused",
    "status": "status s-17",
    "watch": "watch --every 5s",
    "alerts": "alerts --seller s-17",
    "quota": "quota --plan 500",
    "changes": "changes --type 'order.*' --since 2h",
    "find": "find 03-14798-12345",
    "snapshot": "snapshot s-17 orders --json",
    "set-aside": "set-aside --retry 12",
    "events": "events order.created --schema",
    "connect": "connect s-17 --valid-for 12h",
    "enroll": "enroll s-17 --refresh-token-file token.txt --backfill 7d",
    "pause": "pause s-17 --until 2h --reason stock-take",
    "resume": "resume --all",
    "poll-now": "poll-now s-17 --stream orders",
    "speed-up": "speed-up s-17 --every 30s --for 10m",
    "active": "active s-17",
    "set-cadence": "set-cadence s-17 --orders 2m --inventory 1h",
    "set-inventory": "set-inventory s-17 --source both --offers",
    "remove": "remove s-17",
    "endpoints": "endpoints",
    "endpoint add": "endpoint add https://app.example.com/hooks --types 'order.*'",
    "endpoint change": "endpoint change ep-1f2e3d4c --types order.created,alert.*",
    "endpoint secret": "endpoint secret ep-1f2e3d4c --rotate",
    "endpoint enable": "endpoint enable ep-1f2e3d4c",
    "endpoint disable": "endpoint disable ep-1f2e3d4c",
    "endpoint deliver-now": "endpoint deliver-now ep-1f2e3d4c",
    "endpoint remove": "endpoint remove ep-1f2e3d4c",
    "endpoint test": "endpoint test ep-1f2e3d4c --type order.refunded",
    "deliveries": "deliveries --failed --limit 20",
    "delivery": "delivery 7d9a3c5e-1f2b-5a6c-8d4e-0f1a2b3c4d00",
    "replay": "replay --seller s-17 --since 4h --until 2h --dry-run",
    "replays": "replays 12",
    "notifications setup": "notifications setup",
    "notifications repair": "notifications repair s-17",
    "notifications show": "notifications show s-17",
    "notifications check": "notifications check",
    "mode": "mode s-17 shadow",
    "reconcile": "reconcile --seller s-17 --last 1d",
    "token create": "token create shop --scope feed --expires 90d",
    "token list": "token list",
    "token revoke": "token revoke shop",
    "audit": "audit --seller s-17 --since 7d",
    "migrate": "migrate",
    "doctor": "doctor",
    "new-key": "new-key",
    "rotate-keys": "rotate-keys",
    "restored": "restored --erasures erasures.jsonl",
    "erasures": "erasures --pending",
}
SENTENCE = re.compile(r"(?<=\.)\s")


class GroupedCommands(TyperGroup):
    """Commands of one kind together, each with the first sentence of what it does, as long as that is."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command, with its example."""
        command = super().get_command(ctx, cmd_name)
        if command is not None and not command.epilog and (found := example(*names(ctx), cmd_name)):
            command.epilog = f"Example: {found}"
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """In the order of GROUPS; a group within names its own."""
        commands = {name: command for name in self.list_commands(ctx) if (command := self.get_command(ctx, name)) and not command.hidden}
        for heading, names in grouped(list(commands)) if ctx.parent is None else [("Commands", list(commands))]:
            with formatter.section(heading):
                formatter.write_dl([(name, first_sentence(commands[name].help or "")) for name in names])


def grouped(names: list[str]) -> list[tuple[str, list[str]]]:
    """Names under their headings; those of no group at the end."""
    known = [(heading, [name for name in group if name in names]) for heading, group in GROUPS.items()]
    rest = [name for name in names if not any(name in group for group in GROUPS.values())]
    found = [(heading, group) for heading, group in known if group]
    return [*found, *([(OTHERS, rest)] if rest else [])]


def first_sentence(words: str) -> str:
    """`Show one seller.`, of a text that begins so."""
    return SENTENCE.split(" ".join(words.split()))[0]


def names(context: Any) -> list[str]:
    """`["endpoint", "add"]`, of the command that it is of; none: the program itself."""
    found = []
    while context.parent is not None:
        found.append(context.info_name)
        context = context.parent
    return found[::-1]


def example(*path: str) -> str | None:
    """Of a command, such as `"endpoint", "add"`; None: it is a group, or has none."""
    words = " ".join(path)
    return f"starter.py {EXAMPLES[words]}" if words in EXAMPLES else None
