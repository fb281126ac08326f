"""What all calls to eBay share: the address, the tokens, the connection, and eBay's clock."""

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import BinaryIO, Protocol

import httpx

from ebay.errors import BadAnswerError
from ebay.http import MAX_BODY, Answer, Exchange, Headers, utc_now

JSON_BODY = (b"Content-Type", b"application/json")


class AccessTokens(Protocol):
    """Where access tokens are kept. The first two may raise what `OAuth.refresh` raises."""

    def current(self, seller_id: str) -> str: ...

    def renewed(self, seller_id: str, refused: str) -> str:
        """A token other than `refused`, the access token that eBay just refused."""
        ...

    def belongs(self, seller_id: str, consent: Hashable) -> None:
        """From now on the seller's token is one of this consent: an earlier one may be another account's, and good for hours."""
        ...


class Observer(Protocol):
    """Is told of every call to a seller's eBay: the resource, the answer's status (None: none came), how long it took."""

    def __call__(self, resource: str, status: int | None, took_s: float) -> None: ...


def _nobody(resource: str, status: int | None, took_s: float) -> None:
    pass


class Connection:
    """Shared by all threads."""

    def __init__(self, api_url: str, tokens: AccessTokens, http: httpx.Client, timeout: timedelta, max_body: int = MAX_BODY) -> None:
        self.api_url = api_url.rstrip("/")
        self.tokens = tokens
        self.exchange = Exchange(http, timeout, max_body)
        # eBay's clock minus ours, by the latest answer that had a Date; before the first far back, as a cursor ahead of eBay loses changes
        self.offset = timedelta(hours=-1)
        self.observe: Observer = _nobody

    def clock(self, answer: Answer) -> tuple[datetime, bool]:
        """eBay's clock at this answer, and whether its Date header told. Without one: ours, put right by the latest answer that had one."""
        if answer.date is None:
            return utc_now() + self.offset, False
        self.offset = answer.date - utc_now()
        return answer.date, True

    def send(self, token: str, method: str, path: str, content: bytes | None = None, headers: Headers | None = None) -> Answer:
        """One request of a REST API with an access token. `path` is percent-encoded and begins with /."""
        body = [JSON_BODY] if content is not None else []
        return self.exchange.send(method, self.api_url + path, [bearer(token), *(headers or []), *body], content)

    def send_xml(self, path: str, headers: Headers, content: bytes) -> Answer:
        return self.exchange.send("POST", self.api_url + path, [*headers, (b"Accept", b"text/xml")], content)

    def download(self, token: str, path: str, file: BinaryIO, limit: int, within: timedelta) -> Answer:
        return self.exchange.download(self.api_url + path, [bearer(token)], file, limit, within)


def bearer(token: str) -> tuple[bytes, bytes]:
    return b"Authorization", b"Bearer " + token_bytes(token)


def token_bytes(token: str) -> bytes:
    try:
        return token.encode("ascii")
    except UnicodeEncodeError:
        raise BadAnswerError("the access token is none that can be sent") from None
