"""What a call's end says of eBay: that it is there, that it fails, or nothing. Pure."""

from __future__ import annotations

from domain.ebay_standing import CANNOT_REACH
from ebay.errors import BadAnswerError, EbayError, EbayUnavailableError

UNREACHABLE = f"{CANNOT_REACH} eBay"
FAILS = "eBay fails"


def failure(error: EbayError | None) -> str | None:
    """In words, how eBay failed; None: it did not. A refusal is an answer, and so is a spent quota: who refuses is there.

    An answer that cannot be read where one was due (a page of HTML, a redirect) is as good as none.
    """
    if isinstance(error, EbayUnavailableError):
        if error.unreached:
            return f"{CANNOT_REACH} {error.unreached}"
        return UNREACHABLE if error.status is None else f"{FAILS} (HTTP {error.status})"
    if isinstance(error, BadAnswerError) and error.status is not None and error.status < 400:
        return f"{FAILS} (HTTP {error.status} without an answer that can be read)"
    return None


def is_connected(error: EbayError | None) -> bool:
    """Whether there was a connection, so that something of a seller was sent."""
    return not (isinstance(error, EbayUnavailableError) and error.unreached)


def is_answer(error: EbayError | None) -> bool:
    """Whether eBay is there. What is neither a failure nor an answer is our own trouble, such as a full disk."""
    return failure(error) is None and (error is None or error.status is not None)
