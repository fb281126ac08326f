"""Secrets that stand in files, as containers are given them: `NAME_FILE` names the file of what `NAME` would say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

SUFFIX = "_FILE"
LARGEST = 65_536  # bytes; a list of keys has some hundreds


class SecretFileError(Exception):
    """A file of a secret cannot be used. One line that names variable and file, and nothing of what stands in it."""


def secrets_in_files(environment: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """What the files say, by the name without `_FILE`; the line's end behind a secret is none of it.

    Raises:
        SecretFileError: a variable is given in both ways, or its file cannot be read, is empty, larger than 64 kB or no UTF-8.
    """
    found = {}
    for name in names:
        if not (path := environment.get(name + SUFFIX)):
            continue
        if environment.get(name):
            raise SecretFileError(f"{name} and {name}{SUFFIX} are both set: leave one of them out")
        found[name] = _read(name + SUFFIX, Path(path))
    return found


def _read(variable: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
        secret = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise SecretFileError(f"{variable}: {path} is no text in UTF-8") from None
    except (OSError, ValueError) as error:  # the latter: a NUL in its name
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise SecretFileError(f"{variable}: {path} cannot be read: {why}") from None
    if not secret:
        raise SecretFileError(f"{variable}: {path} is empty")
    if len(content) > LARGEST:
        raise SecretFileError(f"{variable}: {path} is larger than {LARGEST // 1024} kB, which is no secret")
    return secret
