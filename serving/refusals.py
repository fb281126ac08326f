"""What becomes of every error: a status, a code that programs read, and one line that says what to do."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from temporalio.service import RPCError

from ebay.errors import (
    ClientRefusedError,
    DeadTokenError,
    EbayError,
    EbayUnavailableError,
    QuotaSpentError,
)
from operations.accounts import AccountRefusedError
from operations.app_tokens import (
    NoCallsLeftError,
    ScopeMissingError,
    SellerStateError,
    TokenUnavailableError,
    TooManyTokensError,
    WrongTokenRequestError,
)
from operations.enrolment import ConsentRefusedError, EbayAnswerError, EbayAwayError, NobodyError
from operations.errors import FailedError, NameUnknownError, NotConfiguredError, UnknownChangeError, UnknownReplayError, WrongInputError
from operations.modes import NotReadyError
from operations.returning import ReturnRefusedError
from operations.steering import NoWorkerError
from serving.problems import LoginNeededError, ProblemError
from store import StoreError, UnknownEndpointError, UnknownSellerError
from store.access.api_tokens import ApiTokenExistsError, TooManyApiTokensError, UnknownApiTokenError
from store.delivery.endpoint_names import EndpointNameTakenError
from store.schema.errors import (
    NotAllowedError,
    OffersNeedInventoryError,
    SecretError,
    StoreUnavailableError,
    TablesMissingError,
    TablesUnknownError,
)
from workflows.client import TemporalUnavailableError

EXPECTED: tuple[Any, ...] = (
    ProblemError,
    LoginNeededError,
    HTTPException,
    RequestValidationError,
    StoreError,
    FailedError,
    EbayError,
    TemporalUnavailableError,
    RPCError,
    Exception,
)


A_DAY_S = 86_400
HTTP_WORDS = {
    400: "the body cannot be read: send JSON in UTF-8, less deeply nested",
    404: "there is nothing here",
    405: "this address does not take this method",
}
_AWAY = (StoreUnavailableError, TablesMissingError, TablesUnknownError, NotAllowedError, TemporalUnavailableError)
_EBAY_AWAY = "eBay does not answer just now; nothing was stored. Try again"
_SECRET = "no key in SELLERBEAT_SECRET_KEYS opens what is stored: put the one back that sealed it, and start web.py again"
_KEYS = "eBay refuses the application's own keys: correct SELLERBEAT_EBAY_CLIENT_ID and its secret"
# The first that fits: a status, a code (None: the status's usual one), words (None: the error's own), and when to ask again.
_REFUSALS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], int, str | None, str | None, int | None], ...] = (
    (UnknownEndpointError, 404, "unknown_endpoint", "there is no such endpoint", None),
    (UnknownApiTokenError, 404, None, None, None),
    (UnknownChangeError, 404, "unknown_change", None, None),
    (UnknownReplayError, 404, "unknown_replay", None, None),
    (WrongInputError, 422, None, None, None),
    (NameUnknownError, 422, "name_unknown", None, None),
    (EndpointNameTakenError, 409, "name_taken", None, None),
    ((ApiTokenExistsError, TooManyApiTokensError, OffersNeedInventoryError), 409, None, None, None),
    (ConsentRefusedError, 422, "token_refused", None, None),
    (EbayAwayError, 503, "ebay_away", None, 30),
    (NobodyError, 502, None, None, None),
    (EbayAnswerError, 502, "ebay_answers_wrong", None, None),
    (ReturnRefusedError, 422, "return_refused", None, None),
    (WrongTokenRequestError, 422, None, None, None),
    (ScopeMissingError, 422, "scope_missing", None, None),
    (SellerStateError, 409, "no_token", None, None),
    (NoWorkerError, 503, "no_worker", None, 5),
    (NotReadyError, 409, "not_ready", None, None),
    (DeadTokenError, 422, "token_refused", "eBay refuses the refresh token; nothing was stored", None),
    ((EbayUnavailableError, QuotaSpentError), 503, "ebay_away", _EBAY_AWAY, 30),
    (ClientRefusedError, 502, None, _KEYS, None),
    (EbayError, 502, "ebay_answers_wrong", "eBay answers what nobody understands; nothing was stored", None),
    (_AWAY, 503, None, None, 5),
    (SecretError, 503, "key_missing", _SECRET, None),
    (StoreError, 503, None, None, 5),
    (RPCError, 503, None, "Temporal refused or did not answer in time; nothing was changed. Try again", 5),
    (NotConfiguredError, 503, "not_configured", None, None),
    (FailedError, 409, None, None, None),
    (Exception, 500, None, "something went wrong here; the log of web.py has it", None),
)


def as_problem(error: Exception) -> ProblemError:
    """The refusal that an error is to whoever asked."""
    match error:
        case ProblemError():
            return error
        case HTTPException():
            words = HTTP_WORDS.get(error.status_code, error.detail)
            return ProblemError(error.status_code, words, dict(error.headers or {}))
        case RequestValidationError():
            return ProblemError(422, in_one_line(error))
        case UnknownSellerError():
            removed = error.removed
            return ProblemError(409 if removed else 404, str(error), code="seller_removed" if removed else "unknown_seller")
        case AccountRefusedError():
            return ProblemError(409, error.discreet, code=error.word)
        case NoCallsLeftError() | TooManyTokensError():
            left = (error.until - datetime.now(UTC)).total_seconds() if error.until else A_DAY_S
            return ProblemError(429, str(error), {"Retry-After": str(max(1, math.ceil(left)))}, code=error.word)
        case TokenUnavailableError():
            return ProblemError(503, str(error), {"Retry-After": str(max(1, math.ceil(error.retry_after_s)))}, code=error.word)
    for kinds, status, code, text, again in _REFUSALS:
        if isinstance(error, kinds):
            return ProblemError(status, text or str(error), {"Retry-After": str(again)} if again else None, code=code)
    raise AssertionError("the last one is every Exception")


def in_one_line(error: RequestValidationError) -> str:
    """`limit: Input should be less than or equal to 1000`; never with the value that was given, which may be a secret."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part not in ("query", "body", "path", "header"))
    if first["type"] == "extra_forbidden":
        return f"{where[:60]}: there is no such parameter or field; /v1/docs lists them"
    words = str(first["msg"]).removeprefix("Value error, ")
    return f"{where[:60]}: {words}" if where else words
