"""Wrong usage in our own words: one line that says what is wrong and what to write. What was typed is named only where it is short and
plain, since tokens and secrets get typed in the wrong place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from console.arguments import quoted
from console.help import names

CHOICE = re.compile(r"'(.*)' is not one of ", re.DOTALL)
EXTRA = re.compile(r"unexpected extra argument(?:\(s\)|s)? \((.*)\)\Z", re.DOTALL)
COMMAND = re.compile(r"No such command '(.*?)'\.", re.DOTALL)
PROGRAM = "starter.py"


def usage_in_words(error: Any, group: Any, typed: Sequence[str]) -> str:
    """What a person should write.

    Args:
        error: a `UsageError` of typer's, whose classes it does not export: they are told apart by their names.
        group: all commands. typed: the words behind the program's name.
    """
    words, context, param = error.message, error.ctx, getattr(error, "param", None)
    if words == "Missing command.":
        before = path(context)
        return "name a command; --help lists them" if before == PROGRAM else f"name a command of {before}: {_commands(context)}"
    if found := COMMAND.search(words):
        return _unknown_command(context, found[1])
    if found := EXTRA.search(words):
        first = found[1].split(" ")[0]
        return f"{quoted(first)} is one word too many; write {synopsis(context)}, with quotes around a text of several words"
    if name := getattr(error, "option_name", ""):
        command, option = _typed(group, typed, name)
        if option is not None and type(error).__name__ == "NoSuchOption":
            value = "" if option.is_flag else f" {written(option)}"
            return f"{name} stands behind its command; write {' '.join([PROGRAM, *command])} {name}{value}"
        return _wrong_option(context, name, words, option)
    return str(words) if param is None else _wrong_value(context, param, type(error).__name__, words)


def _wrong_option(context: Any, name: str, words: str, option: Any) -> str:
    if option is None and context is not None:
        return _unknown_option(context, name)
    if "requires" in words and option is not None:
        return f"{name} needs a value; write {name} {written(option)}{_meaning(option)}"
    return f"{name} takes no value; write {name} alone"


def _wrong_value(context: Any, param: Any, kind: str, words: str) -> str:
    if kind == "MissingParameter":
        return f"{_name(param)} is missing{_meaning(param)}; write {synopsis(context)}"
    if found := CHOICE.search(words):
        return f"{_name(param)}: {quoted(found[1])} is none of its values; choose one of {', '.join(choices(param))}"
    return f"{_name(param)}: {words}"


def path(context: Any) -> str:
    """`starter.py endpoint`."""
    return " ".join([PROGRAM, *names(context)])


def synopsis(context: Any) -> str:
    """`starter.py speed-up SELLER --every DURATION --for DURATION`: what has to be there."""
    words = [path(context)]
    for param in context.command.params:
        if param.param_type_name == "argument":
            words.append(written(param))
        elif param.required:
            words.append(f"{longest(param)} {written(param)}")
    return " ".join(words)


def written(param: Any) -> str:
    """What stands for its value: `SELLER`, `orders|fulfillment|inventory`."""
    if found := choices(param):
        return "|".join(found)
    return str(param.metavar or param.name.upper())


def choices(param: Any) -> list[str]:
    """The only values it takes; empty: others too."""
    return [str(getattr(one, "value", one)) for one in param.type_descriptor.choices or ()]


def longest(param: Any) -> str:
    return str(max(param.opts, key=len))


def _name(param: Any) -> str:
    if param.param_type_name == "option":
        return longest(param)
    return str(param.name.upper() if "|" in (param.metavar or "|") else param.metavar)


def _meaning(param: Any) -> str:
    return f" ({param.help.rstrip('.')})" if getattr(param, "help", None) else ""


def _typed(group: Any, typed: Sequence[str], name: str) -> tuple[list[str], Any]:
    """The words of the command that was typed, and its option of that name or None: errors of this kind do not know theirs."""
    command, path = group, []
    for word in typed:
        if (found := getattr(command, "commands", {}).get(word)) is not None:
            command = found
            path.append(word)
    return path, next((param for param in command.params if name in param.opts), None)


def _unknown_option(context: Any, name: str) -> str:
    known = [
        option for param in context.command.params if param.param_type_name == "option" for option in (*param.opts, *param.secondary_opts)
    ]
    near = get_close_matches(name, known, n=1)
    meant = f"; did you mean {near[0]}?" if near else ""
    return f"{path(context)} has no option {quoted(name)}{meant or ';'} {path(context)} --help lists them"


def _unknown_command(context: Any, name: str) -> str:
    known = list(context.command.commands)
    near = get_close_matches(name.replace("_", "-"), known, n=1)
    meant = f"; did you mean {near[0]}?" if near else ";"
    return f"there is no command {quoted(name)}{meant} {path(context)} --help lists them"


def _commands(context: Any) -> str:
    return ", ".join(context.command.commands)
