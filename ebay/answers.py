"""What an answer of eBay's REST API other than success means."""

from datetime import datetime
from typing import Any

from ebay.clock import retry_after
from ebay.documents import parse
from ebay.errors import (
    AccessDeniedError,
    BadAnswerError,
    EbayError,
    EbayUnavailableError,
    NotFoundError,
    QuotaSpentError,
    RejectedError,
)
from ebay.http import Answer

ACCESS_DENIED = 1100
QUOTA_SPENT = 2001
NO_SCOPE = {ACCESS_DENIED, 160002, 160022}  # the last two are the Feed API's
BAD_TOKEN = {931, 932, 21916984, 21917053}  # the Trading API's, in answers of HTTP status 200


def error_ids(document: Any) -> tuple[int, ...]:
    """The numeric errorIds of an error document, at most five. Nothing else of it is for a log."""
    errors = document.get("errors") if isinstance(document, dict) else None
    found = [error.get("errorId") for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    return tuple(code for code in found if type(code) is int and 0 <= code < 10**9)[:5]


def refusal(answer: Answer, now: datetime) -> EbayError:
    """The error that an unsuccessful answer is. `now`: eBay's clock, for a `Retry-After` that is a date."""
    status = answer.status
    try:
        codes = error_ids(parse(answer.body))
    except BadAnswerError:
        codes = ()
    if status == 429 or QUOTA_SPENT in codes:
        wait = retry_after(answer.retry_after, now)
        return QuotaSpentError("eBay's quota is spent", retry_after_s=wait, status=status, codes=codes)
    if status >= 500:
        return EbayUnavailableError("eBay failed", status=status, codes=codes, narrower=True)
    if status == 404:
        return NotFoundError("eBay does not know it", status=status, codes=codes)
    if status == 403 and NO_SCOPE & set(codes):
        return AccessDeniedError("the seller's token does not allow this", status=status, codes=codes)
    if status >= 400:
        return RejectedError("eBay rejected the request", status=status, codes=codes)
    return BadAnswerError("eBay answered with an unexpected status", status=status, codes=codes)


def token_refused(error: EbayError) -> bool:
    """Whether a renewed access token may help: 401, or 403 with errorId 1100, which eBay also gives for an expired one (Inventory API)."""
    denied = isinstance(error, AccessDeniedError) and ACCESS_DENIED in error.codes
    return error.status == 401 or denied or bool(BAD_TOKEN & set(error.codes))
