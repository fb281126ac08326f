"""What can go wrong between us and eBay. The class says what to do; there are no retries in this room.

The text of an error holds constant words, the HTTP status and eBay's numeric errorIds, never a token, an address with ids, or a word of
an answer: these texts reach logs, Temporal histories and the status page.
"""

from datetime import timedelta


class EbayError(Exception):
    """Any failure of a call to eBay.

    Attributes:
        status: HTTP status of eBay's answer; None where none came.
        codes: eBay's numeric errorIds, at most five.
        narrower: it may be for how much was asked for; less of it may be answered.
        token: no access token could be had, so nothing was asked for.
        wait: how long the stream waits now, as the step decided that failed.
        lasting: it failed again and again, so that the step is not tried once more before that.
    """

    wait: timedelta | None = None
    lasting: bool = False
    outage: bool = False  # of everybody, as it seems

    def __init__(self, message: str, *, status: int | None = None, codes: tuple[int, ...] = (), narrower: bool = False) -> None:
        details = [f"HTTP {status}"] if status is not None else []
        details += [f"errorId {', '.join(map(str, codes))}"] if codes else []
        super().__init__(f"{message} ({'; '.join(details)})" if details else message)
        self.status = status
        self.codes = codes
        self.narrower = narrower
        self.token = False


class EbayUnavailableError(EbayError):
    """Time-out, lost connection, or 5xx. Retried with backoff; nobody needs to act unless it lasts.

    Attributes:
        unreached: whom no connection could be made to, as `eBay at api.ebay.com:443` or `the proxy at 10.0.0.1:3128`; None: there was one.
    """

    def __init__(
        self, message: str, *, status: int | None = None, codes: tuple[int, ...] = (), narrower: bool = False, unreached: str | None = None
    ) -> None:
        super().__init__(message, status=status, codes=codes, narrower=narrower)
        self.unreached = unreached


class BadAnswerError(EbayError):
    """An answer that cannot be used: no JSON, truncated, too large, of the wrong shape, a redirect, or a fresh token refused.

    Retried with backoff. If it lasts, a developer compares eBay's documents with this client.
    """


class QuotaSpentError(EbayError):
    """eBay's quota is used up (429, or errorId 2001). Not retried, as each try burns more: wait for `retry_after_s` or the quota's reset.

    Attributes:
        retry_after_s: seconds, if eBay said so.
    """

    def __init__(self, message: str, *, retry_after_s: float | None = None, status: int | None = None, codes: tuple[int, ...] = ()) -> None:
        super().__init__(message, status=status, codes=codes)
        self.retry_after_s = retry_after_s


class DeadTokenError(EbayError):
    """eBay refused the refresh token (400 `invalid_grant`, `invalid_scope`).

    Not retried by the step. By the keys that the token was given to, only the seller's new consent helps: `starter.py connect`.

    Attributes:
        of_scopes: it was for the scopes that were asked for (`invalid_scope`).
    """

    of_scopes: bool = False


class ClientRefusedError(EbayError):
    """eBay refused the application's own keys (401 `invalid_client`). No seller's fault, and no retry helps.

    An operator corrects SELLERBEAT_EBAY_CLIENT_ID and SELLERBEAT_EBAY_CLIENT_SECRET.
    """


class AccessDeniedError(EbayError):
    """A fresh access token may not do this (403, errorId 1100): a scope is missing. Not retried; stops this stream of this seller only."""


class RejectedError(EbayError):
    """eBay says that our request is wrong (another 4xx). Not retried with the same request; a developer corrects it."""


class NotFoundError(EbayError):
    """eBay does not know the thing asked for (404). Not retried."""
