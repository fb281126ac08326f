"""What can go wrong, each with what to do. No text holds a token or a document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class SellerbeatError(Exception):
    """Anything that this package says is wrong."""


class UnreachableError(SellerbeatError):
    """No answer, or one that is none of Sellerbeat's: a lost connection, a time-out, a proxy's page. Try again."""


class NotUnderstoodError(SellerbeatError):
    """Sellerbeat answers what this version of the package does not know. Install the one that goes with it."""


class ProblemError(SellerbeatError):
    """Sellerbeat refuses. `code` says why, for a program, and never changes; `detail` says it for a person.

    `fields`: what else the answer has, such as `oldest` and `latest` of a 410. `retry_after_s`: when to ask again, if it says so.
    """

    def __init__(
        self, status: int, code: str, detail: str, fields: Mapping[str, Any] | None = None, retry_after_s: float | None = None
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code, self.detail = status, code, detail
        self.fields, self.retry_after_s = dict(fields or {}), retry_after_s

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.status, self.code, self.detail, self.fields, self.retry_after_s)


class TokenRefusedError(ProblemError):
    """401: the token is wrong, revoked or at its end. `starter.py token create` makes another one."""


class ForbiddenError(ProblemError):
    """403: the token's scope does not reach so far, or it is narrowed to sellers."""


class NotFoundError(ProblemError):
    """404: there is nothing of this id, or the token does not see it."""


class ConflictError(ProblemError):
    """409: not as things stand, such as `wrong_account`, `seller_removed`, `not_ready`."""


class GoneError(ProblemError):
    """410: nothing is known behind this position."""


class InvalidError(ProblemError):
    """422: a parameter or field is wrong."""


class TooManyRequestsError(ProblemError):
    """429: ask again after `retry_after_s`."""


class UnavailableError(ProblemError):
    """502, 503 and 504: Sellerbeat, or eBay behind it, is away. Ask again after `retry_after_s`."""


BY_STATUS: dict[int, type[ProblemError]] = {
    401: TokenRefusedError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: GoneError,
    422: InvalidError,
    429: TooManyRequestsError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
}


class FeedGoneError(SellerbeatError):
    """The feed does not go on behind the app's position: it was restored, or the app was away for too long.

    Say what to do by `Feed(..., gone=...)`: "oldest", "latest", or a function, which may also begin anew.
    """

    def __init__(self, detail: str, oldest: int, latest: int, feed: str) -> None:
        super().__init__(
            f"{detail}; nothing was skipped. Choose by Feed(gone=...) how to go on: oldest, latest, or a function, which may begin anew"
        )
        self.detail, self.oldest, self.latest, self.feed = detail, oldest, latest, feed

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.detail, self.oldest, self.latest, self.feed)


class HandlerFailedError(SellerbeatError):
    """A handler raised so often that the app chose to stop. The position stands before the event, so nothing is lost."""

    def __init__(self, event_id: str, event_type: str, position: int | None, times: int) -> None:
        super().__init__(
            f"the handler of {event_type} {event_id} (position {position}) raised {times} times; the position stands before it"
        )
        self.event_id, self.event_type, self.position, self.times = event_id, event_type, position, times

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.event_id, self.event_type, self.position, self.times)


class TransactionEndedError(SellerbeatError):
    """A handler committed or rolled back the transaction that it was given. The position stands before its event: mend the handler.

    What it committed stays; what others had written before it rolled back is undone, and their events come again.
    """

    def __init__(self) -> None:
        super().__init__(
            "a handler ended the transaction that it was given: leave commit and rollback to the feed,"
            " and statements that commit by themselves to another connection"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), ()


class PositionMovedError(SellerbeatError):
    """Another consumer moved this position meanwhile. What was begun here was undone."""


class SignatureError(SellerbeatError):
    """A webhook is not from who has the secret, or not of now. Answer 401."""
