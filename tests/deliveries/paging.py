"""Writing to people driven by hand: alerts come and go, and time passes as the test says."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from activities.delivering.alert_messenger import AlertMessenger
from activities.delivering.alert_senders import AlertSender, ChatSender
from outbound import Client
from store import Store
from store.delivery.endpoints import new_id
from store.schema.kinds import AlertKind
from tests.support.receivers import Receiver


class PagingHand:
    def __init__(self, store: Store, client: Client, **senders: AlertSender) -> None:
        self.store, self.ahead = store, timedelta()
        self.messenger = AlertMessenger(store, {"chat": ChatSender(client, "https://sellerbeat.example.com"), **senders})

    def chat(self, url: str) -> str:
        endpoint = new_id()
        self.store.alert_endpoints.add(endpoint, "chat", url, "http://127.0.0.1/…")
        return endpoint

    def pass_time(self, **time: float) -> None:
        self.ahead += timedelta(**time)

    def look(self, messenger: AlertMessenger | None = None) -> int:
        """One look, as the messenger's own thread has it. Returns how many messages went out."""
        readers = [replace(one, now=one.now + self.ahead) for one in self.store.alert_endpoints.readers()]
        free = [one for one in readers if one.turn.is_free(one.now)]
        return sum((messenger or self.messenger).write(one, lambda: self.store.levels.clock() + self.ahead) for one in free)

    def look_later(self, **time: float) -> int:
        self.pass_time(**(time or {"seconds": 10}))
        return self.look()

    def page(self, about: str) -> None:
        """An alert of the fleet that is its own cause."""
        self.store.open_alert(AlertKind.QUOTA_HIGH, f"more than 90 % of {about}", about=about)

    def calm(self, about: str) -> None:
        self.store.close_alert(AlertKind.QUOTA_HIGH, about=about)


def texts(receiver: Receiver) -> list[str]:
    """What each message says where blocks are not shown."""
    return [json.loads(post.body)["text"] for post in receiver.posts]


def first_lines(receiver: Receiver) -> list[list[str]]:
    """Of each message the line of each cause."""
    return [[part.splitlines()[0] for part in one.split("\n\n")[:-1]] for one in texts(receiver)]


def blocks(receiver: Receiver) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(receiver.posts[-1].body)["blocks"]
    return found
