"""Whose account a token belongs to: getUser of the Identity API, at apiz.ebay.com (FACTS 3)."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from ebay.answers import refusal
from ebay.connection import bearer
from ebay.documents import parse
from ebay.errors import BadAnswerError
from ebay.http import Exchange, utc_now

MAX_BODY = 1024 * 1024
LONGEST_ID = 200


@dataclass(frozen=True, slots=True)
class User:
    """Whose account a token is of, by getUser of the Identity API. `Identity.user` makes it."""

    user_id: str = field(repr=False)  # immutable
    date: datetime  # eBay's clock when it answered; ours where it did not say
    name: str | None = field(default=None, repr=False)  # may change; None: eBay did not say


class Identity:
    """Safe to share among threads. eBay's limit: 5,000 calls a day and application."""

    def __init__(self, http: httpx.Client, apiz_url: str, timeout_s: float = 30.0) -> None:
        self.exchange = Exchange(http, timedelta(seconds=timeout_s), MAX_BODY)
        self.url = apiz_url.rstrip("/") + "/commerce/identity/v1/user/"

    def user(self, access_token: str) -> User:
        """Raises AccessDeniedError (403: the scope commerce.identity.readonly is missing), and what every call may."""
        answer = self.exchange.send("GET", self.url, [bearer(access_token)])
        if answer.status != 200:
            raise refusal(answer, answer.date or utc_now())
        document: Any = parse(answer.body)
        user_id = document.get("userId") if isinstance(document, dict) else None
        if not isinstance(user_id, str) or not user_id or len(user_id) > LONGEST_ID or not user_id.isprintable():
            raise BadAnswerError("eBay's answer does not say whose account it is", status=200)
        name = document.get("username")
        usable = isinstance(name, str) and 0 < len(name) <= LONGEST_ID and name.isprintable()
        return User(user_id, answer.date or utc_now(), name if usable else None)
