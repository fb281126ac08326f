"""What all calls to eBay share: the address, the tokens, the connection, and eBay's clock."""

from collections.abc import Hashable
from datetime import datetime, timedelta
from typing import BinaryIO, Protocol

import httpx

from ebay.clock import EbayClock
from ebay.errors import BadAnswerError
from ebay.http import MAX_BODY, Answer, Exchange, Headers, utc_now

A_WHILE = timedelta(minutes=90)  # less than the two hours that an access token is good for
JSON_BODY = (b"Content-Type", b"application/json")


class AccessTokens(Protocol):
    """Where access tokens are kept. The first two may raise what `OAuth.refresh` raises."""

    def current(self, seller_id: str) -> str:
        """The access token at hand, good or not: eBay's answer tells. A new one where there is none."""
        ...

    def renewed(self, seller_id: str, refused: str) -> str:
        """A token other than `refused`, the access token that eBay just refused."""
        ...

    def belongs(self, seller_id: str, consent: Hashable, now: datetime | None = None) -> None:
        """From now on the seller's token is one of this consent: an earlier one may be another account's, and good for hours.

        `now`: the clock that paces the polls, where it is not the database's.
        """
        ...

    def revived(self, seller_id: str) -> bool:
        """Whether a token that was believed to be dead works, where it is time to try it again."""
        ...


class Observer(Protocol):
    """Is told of every call to a seller's eBay: the resource, the answer's status (None: none came), how long it took."""

    def __call__(self, resource: str, status: int | None, took_s: float) -> None:
        """After the call, on its thread. `resource`: as our ledger names it; `took_s`: seconds."""
        ...


def _nobody(resource: str, status: int | None, took_s: float) -> None:
    pass


class RefusedTokens:
    """Fresh access tokens that eBay refused: a newer one is not asked for at every call. Shared by all threads."""

    def __init__(self) -> None:
        self._refused: dict[str, tuple[str, datetime]] = {}  # by seller: the token, and when

    def note(self, seller_id: str, token: str, now: datetime) -> None:
        """This token was refused though it was fresh; it takes the place of the seller's earlier one. `now`: our clock."""
        self._refused[seller_id] = token, now

    def forget(self, seller_id: str) -> None:
        """eBay took a token of the seller's: the next refusal is worth a new token again."""
        if self._refused:
            self._refused.pop(seller_id, None)

    def has(self, seller_id: str, token: str, now: datetime) -> bool:
        """Whether this one was refused when it was fresh, less than 90 minutes ago: 16 tokens a day."""
        refused, at = self._refused.get(seller_id, (None, now))
        return refused == token and abs(now - at) < A_WHILE


class EbayConnection:
    """Shared by all threads."""

    def __init__(self, api_url: str, tokens: AccessTokens, http: httpx.Client, timeout: timedelta, max_body: int = MAX_BODY) -> None:
        self.api_url = api_url.rstrip("/")
        self.tokens = tokens
        self.exchange = Exchange(http, timeout, max_body)
        self.times = EbayClock()
        self.application_ahead = timedelta()  # eBay's clock less this machine's, by the application's latest answer: its token's end
        self.observe: Observer = _nobody
        self.refused = RefusedTokens()

    def clock(self, answer: Answer) -> datetime:
        """eBay's time by this answer alone, which is good enough for how long to wait: no cursor moves by it."""
        if answer.date is None:
            return utc_now() + self.application_ahead
        self.application_ahead = answer.date - utc_now()
        return answer.date

    @property
    def offset(self) -> timedelta:
        """eBay's clock less ours, as far as several answers agree."""
        return self.times.ahead

    @offset.setter
    def offset(self, ahead: timedelta) -> None:
        self.times.agree(ahead)

    def send(self, token: str, method: str, path: str, content: bytes | None = None, headers: Headers | None = None) -> Answer:
        """One request of a REST API with an access token. `path` is percent-encoded and begins with /."""
        body = [JSON_BODY] if content is not None else []
        return self.exchange.send(method, self.api_url + path, [bearer(token), *(headers or []), *body], content)

    def send_xml(self, path: str, headers: Headers, content: bytes) -> Answer:
        """One POST of the Trading API, whose token is among `headers`. `path` begins with /. Raises as `Exchange.send`."""
        return self.exchange.send("POST", self.api_url + path, [*headers, (b"Accept", b"text/xml")], content)

    def download(self, token: str, path: str, file: BinaryIO, limit: int, within: timedelta) -> Answer:
        """GET a file of at most `limit` bytes into `file`. Raises as `Exchange.download`."""
        return self.exchange.download(self.api_url + path, [bearer(token)], file, limit, within)


def bearer(token: str) -> tuple[bytes, bytes]:
    """The header that authorizes a REST call. Raises BadAnswerError as `token_bytes`."""
    return b"Authorization", b"Bearer " + token_bytes(token)


def token_bytes(token: str) -> bytes:
    """A token as it stands in a header. Raises BadAnswerError: it is not ASCII, so what eBay gave is no token."""
    try:
        return token.encode("ascii")
    except UnicodeEncodeError:
        raise BadAnswerError("the access token is none that can be sent") from None
