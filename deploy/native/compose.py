"""docker-compose.yml, read for what a service is started with. Pure but for reading the file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

HOUSE = Path(__file__).resolve().parents[2]
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


@dataclass(frozen=True)
class Service:
    name: str
    words: list[str]  # entrypoint and command
    environment: dict[str, str]
    mounts: dict[str, str] = field(default_factory=dict)  # folders of the project, by where the container has them
    env_files: tuple[str, ...] = ()


def services(variables: Mapping[str, str], path: Path = HOUSE / "docker-compose.yml") -> dict[str, Service]:
    """By name. `variables`: what `.env` would say.

    Raises:
        KeyError: a variable without which the file says not to start.
    """
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))["services"]
    return {
        name: Service(
            name,
            [*_words(one.get("entrypoint")), *_words(one.get("command"))],
            {key: _filled(str(value), variables) for key, value in (one.get("environment") or {}).items()},
            {inside: outside for outside, inside, *_ in (mount.split(":") for mount in one.get("volumes", [])) if outside.startswith("./")},
            tuple(_words(one.get("env_file") and [one["env_file"]])),
        )
        for name, one in found.items()
    }


def moved(service: Service, moves: Sequence[tuple[str, str]]) -> Service:
    """The service on other addresses: each `(as in the file, here)` replaces whole host names, addresses and paths."""

    def here(text: str) -> str:
        for old, new in moves:
            text = re.sub(rf"(?<![\w.-]){re.escape(old)}(?![\w.-])", new.replace("\\", "\\\\"), text)
        return text

    environment = {name: here(value) for name, value in service.environment.items()}
    return replace(service, words=[here(word) for word in service.words], environment=environment)


def _words(said: list[str] | str | None) -> list[str]:
    if isinstance(said, str):
        raise ValueError(f"write the command as a list: {said}")
    return [str(word) for word in said or []]


def _filled(text: str, variables: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        name, mark, rest = match[1], match[2], match[3]
        if found := variables.get(name):
            return found
        if mark == "?":
            raise KeyError(rest)
        return rest or ""

    return VARIABLE.sub(value, text)
