"""A post and what came of it."""

from __future__ import annotations

from outbound import Client, NoAnswerError


def what_comes(client: Client, url: str, body: bytes = b"{}") -> str | int:
    try:
        return client.post(url, body, {}).status
    except NoAnswerError as error:
        return error.kind
