"""eBay's token endpoint: access tokens from refresh tokens, the application's own, and what a seller's consent gives."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx

from ebay.clock import retry_after
from ebay.documents import parse
from ebay.errors import (
    BadAnswerError,
    ClientRefusedError,
    DeadTokenError,
    EbayError,
    EbayUnavailableError,
    NotFoundError,
    QuotaSpentError,
    RejectedError,
)
from ebay.http import Answer, Exchange, utc_now

BASE_SCOPE = "https://api.ebay.com/oauth/api_scope"
MAX_BODY = 1024 * 1024
DEAD = {
    "invalid_grant": "eBay refused the refresh token: invalid_grant",
    "invalid_scope": "eBay refused the scopes of the refresh token: invalid_scope",
}


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A token as eBay's token endpoint gave it just now; `OAuth` makes it. Texts of it hold no token."""

    value: str = field(repr=False)
    expires_at: datetime  # UTC, by eBay's clock
    refresh_token: str | None = field(repr=False)  # only if eBay gave a new one; it replaces the old
    date: datetime  # eBay's clock when it answered


@dataclass(frozen=True, slots=True)
class Grant:
    """What a seller's consent gave."""

    access: AccessToken
    refresh_token: str = field(repr=False)
    refresh_expires_at: datetime | None  # UTC; None: eBay did not say


class CodeRefusedError(EbayError):
    """eBay refused the code of a consent (400 `invalid_grant`): used, older than 299 s, or not ours. The seller consents again."""


class OAuth:
    """Asks for tokens; keeps none. Safe to share among threads.

    eBay's limits a day and application: 50,000 refreshes, 1,000 application tokens.
    """

    def __init__(self, http: httpx.Client, api_url: str, client_id: str, client_secret: str, timeout_s: float = 30.0) -> None:
        self.exchange = Exchange(http, timedelta(seconds=timeout_s), MAX_BODY)
        self.url = api_url.rstrip("/") + "/identity/v1/oauth2/token"
        self.client = key_of(client_id, api_url)
        basic = base64.b64encode(f"{client_id}:{client_secret}".encode())
        self.headers = [(b"Authorization", b"Basic " + basic), (b"Content-Type", b"application/x-www-form-urlencoded")]

    def refresh(self, refresh_token: str, scopes: Sequence[str]) -> AccessToken:
        """A new access token of a seller (two hours).

        Args:
            scopes: those that the seller granted; one more and eBay refuses with invalid_scope. Empty: eBay gives all that were granted.

        Raises:
            DeadTokenError: invalid_grant or invalid_scope. Only the seller's new consent helps.
            ClientRefusedError: the application's keys are wrong. No seller's fault.
            QuotaSpentError, EbayUnavailableError, BadAnswerError, RejectedError: as everywhere.
        """
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
        return self._ask(form, scopes)

    def application(self, scopes: Sequence[str] = (BASE_SCOPE,)) -> AccessToken:
        """A token of the application itself, for what concerns no seller (rate limits). Raises like `refresh`, never DeadTokenError."""
        try:
            return self._ask({"grant_type": "client_credentials"}, scopes)
        except DeadTokenError as error:
            raise RejectedError("eBay refused a token to the application", status=error.status) from None

    def exchange_code(self, code: str, redirect_name: str) -> Grant:
        """The tokens of a seller who consented. A code is good once, for 299 s (eBay docs: authorization code grant).

        Args:
            redirect_name: the RuName that the seller was sent to eBay with.
        Raises:
            CodeRefusedError: only a new consent helps.
            ClientRefusedError, QuotaSpentError, EbayUnavailableError, BadAnswerError, RejectedError: as everywhere.
        """
        try:
            answer = self._answer({"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_name}, ())
        except DeadTokenError as error:
            raise CodeRefusedError("eBay refused the code of a consent", status=error.status) from None
        access, document = _token(answer), parse(answer.body)
        if access.refresh_token is None:
            raise BadAnswerError("eBay's answer to a consent has no refresh token", status=200)
        seconds = document.get("refresh_token_expires_in")
        known = not isinstance(seconds, bool) and isinstance(seconds, int | float) and 0 < seconds < 10**9
        return Grant(access, access.refresh_token, access.date + timedelta(seconds=seconds) if known else None)

    def _ask(self, form: dict[str, str], scopes: Sequence[str]) -> AccessToken:
        return _token(self._answer(form, scopes))

    def _answer(self, form: dict[str, str], scopes: Sequence[str]) -> Answer:
        if scopes:
            form["scope"] = " ".join(scopes)
        # refresh tokens contain # ^ | +; a lone surrogate in one cannot be eBay's
        content = urlencode(form, errors="replace").encode()
        answer = self.exchange.send("POST", self.url, self.headers, content)
        if answer.status != 200:
            raise refusal(answer)
        return answer


def key_of(client_id: str, api_url: str) -> str:
    """Tells application keys apart, those of sandbox and production too, and tells nobody the keys."""
    return hashlib.sha256(f"{client_id}\n{api_url.rstrip('/').lower()}".encode()).hexdigest()[:16]


def _token(answer: Answer) -> AccessToken:
    document: Any = parse(answer.body)
    if not isinstance(document, dict):
        raise BadAnswerError("eBay's token answer is no object", status=200)
    value, seconds = document.get("access_token"), document.get("expires_in")
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
        raise BadAnswerError("eBay's token answer has no usable token", status=200)
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < 10**8:
        raise BadAnswerError("eBay's token answer has no usable lifetime", status=200)
    rotated = document.get("refresh_token")
    date = answer.date or utc_now()
    return AccessToken(value, date + timedelta(seconds=seconds), rotated if isinstance(rotated, str) and rotated else None, date)


def refusal(answer: Answer) -> EbayError:
    """What a token request that was not granted means."""
    status = answer.status
    if status >= 500:
        return EbayUnavailableError("eBay's token endpoint failed", status=status)
    if status == 429:
        wait = retry_after(answer.retry_after, answer.date or utc_now())
        return QuotaSpentError("eBay gives no more tokens for now", retry_after_s=wait, status=status)
    code = _oauth_code(answer.body)
    if status == 401 or code in ("invalid_client", "unauthorized_client"):
        return ClientRefusedError("eBay refused the application's client id or secret", status=status)
    if status == 400 and code in DEAD:
        dead = DeadTokenError(DEAD[code], status=status)
        dead.of_scopes = code == "invalid_scope"
        return dead
    if status == 404:
        return NotFoundError("eBay has no token endpoint here", status=status)
    if status >= 400:
        return RejectedError("eBay refused the token request", status=status)
    return BadAnswerError("eBay's token endpoint gave an unexpected status", status=status)


def _oauth_code(body: bytes) -> str | None:
    try:
        document: Any = parse(body)
    except BadAnswerError:
        return None
    code = document.get("error") if isinstance(document, dict) else None
    return code if isinstance(code, str) else None
