"""Who may come in: `ADMIN_TOKEN` as a bearer for programs, and for people a login that becomes a signed cookie, never the token itself.

Without `ADMIN_TOKEN` only this machine itself is served, as in the demo. Every form carries a token that belongs to its cookie, so no
other site can press a button here, in either case.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import Response

from serving.problems import LoginNeededError, ProblemError

COOKIE = "sellerbeat"
LASTS_S = 12 * 3600
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
ONLY_LOOPBACK = "only this machine itself is served while SELLERBEAT_ADMIN_TOKEN is not set"


@dataclass(frozen=True, slots=True)
class Session:
    cookie: str
    form_token: str  # in a hidden field of every form
    new: bool = False  # the answer has to set the cookie

    @property
    def id(self) -> str:
        return self.cookie.split(".")[1]

    @property
    def ends_at(self) -> datetime:
        """UTC."""
        return datetime.fromtimestamp(int(self.cookie.partition(".")[0]), UTC)


class Access:
    """`secure`: all come by https, so that the cookie is given to nobody else. `logged_out`: ids of sessions that are over.

    `second`: a token that opens too, while one is replaced by the other in all processes and programs.
    """

    def __init__(
        self,
        admin_token: str | None,
        clock: Callable[[], float] = time.time,
        *,
        second: str | None = None,
        secure: bool = False,
        logged_out: Container[str] = (),
    ) -> None:
        self._secure, self._logged_out = secure, logged_out
        self.cookie_name = f"__Host-{COOKIE}" if secure else COOKIE  # with this prefix no other host of the domain can set it
        self._tokens = [token.encode() for token in (admin_token, second) if token]
        # Derived, so that a token that opens no more ends its sessions; without one a session lives as long as this process.
        self._keys = [hmac.digest(token, b"sellerbeat sessions", "sha256") for token in self._tokens] or [secrets.token_bytes(32)]
        self._clock = clock

    @property
    def by_login(self) -> bool:
        return bool(self._tokens)

    def is_token(self, given: str) -> bool:
        """Compared in constant time."""
        said = given.encode("utf-8", "surrogatepass")
        return any(hmac.compare_digest(said, token) for token in self._tokens)

    def session(self, request: Request) -> Session:
        """For people. Raises LoginNeededError; ProblemError 403: not from this machine, where there is no token."""
        if not self._tokens:
            self.from_here(request)
        cookie = request.cookies.get(self.cookie_name, "")
        if (key := self._key_of(cookie)) is not None:
            return self._session(cookie, key)
        if not self._tokens:
            return self.begin()
        raise LoginNeededError(request.scope["path"] if request.method in ("GET", "HEAD") else "/")

    def begin(self) -> Session:
        stem = f"{int(self._clock()) + LASTS_S}.{secrets.token_urlsafe(18)}"
        return self._session(f"{stem}.{_sign(self._keys[0], 'session', stem)}", self._keys[0], new=True)

    def pressed(self, request: Request, form: dict[str, str]) -> Session:
        """A button of ours was pressed by who is logged in. Raises ProblemError 403: the form is not ours, or too old."""
        session = self.session(request)
        self.not_from_elsewhere(request)
        if session.new or not hmac.compare_digest(form.get("form_token", "").encode(), session.form_token.encode()):
            raise ProblemError(403, "this form is out of date: load the page anew and try again")
        return session

    def not_from_elsewhere(self, request: Request) -> None:
        """Raises ProblemError 403 where the browser says that another site sent this."""
        origin = request.headers.get("origin")  # the scheme may be a proxy's
        elsewhere = origin is not None and origin.partition("://")[2] != request.headers.get("host")
        if elsewhere or request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise ProblemError(403, "this form was sent by another site")

    def hold_session(self, request: Request, response: Response, session: Session) -> None:
        response.set_cookie(self.cookie_name, session.cookie, LASTS_S, httponly=True, samesite="strict", secure=self._by_https(request))

    def drop_session(self, request: Request, response: Response) -> None:
        """Take the cookie back. A copy of it is good until its session is among those that were logged out."""
        response.delete_cookie(self.cookie_name, httponly=True, samesite="strict", secure=self._by_https(request))

    def _by_https(self, request: Request) -> bool:
        return self._secure or bool(request.scope["scheme"] == "https")

    def _session(self, cookie: str, key: bytes, new: bool = False) -> Session:
        return Session(cookie, _sign(key, "form", cookie), new)

    def _key_of(self, cookie: str) -> bytes | None:
        """By which it was signed; None: it is none of ours, or over."""
        stem, _, signature = cookie.rpartition(".")
        said = signature.encode("utf-8", "surrogatepass")
        for key in self._keys:
            if hmac.compare_digest(said, _sign(key, "session", stem).encode()):
                session = self._session(cookie, key)
                return key if session.ends_at.timestamp() > self._clock() and session.id not in self._logged_out else None
        return None

    def from_here(self, request: Request) -> None:
        """Raises ProblemError 403: not from this machine.

        A proxy on this machine passes strangers on, and a name of theirs may lead a browser here: neither is from here."""
        named = re.fullmatch(r"\[?([0-9A-Za-z.:-]+?)\]?(:\d{1,5})?", request.headers.get("host", ""))
        here = request.client and named and _is_loopback(request.client.host) and _is_loopback(named[1])
        if not here or any(name in request.headers for name in FORWARDED):
            raise ProblemError(403, ONLY_LOOPBACK)


def _sign(key: bytes, purpose: str, text: str) -> str:
    return hmac.digest(key, f"{purpose}\n{text}".encode("utf-8", "surrogatepass"), hashlib.sha256).hex()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
