"""Whether a failed call may be for the record that it asked for, and no matter of eBay, the seller or us."""

from ebay.answers import token_refused
from ebay.errors import AccessDeniedError, BadAnswerError, EbayError, EbayUnavailableError, NotFoundError, RejectedError


def may_be_the_record(error: EbayError) -> bool:
    """eBay answered, or failed while answering: a 5xx, a time-out or a lost connection while reading, an answer of no use, a 4xx.

    Never: no connection at all, tokens, scopes, keys, a spent quota, our own ledger.
    """
    if error.token or token_refused(error) or isinstance(error, AccessDeniedError):
        return False
    if isinstance(error, EbayUnavailableError):
        return error.narrower
    return isinstance(error, BadAnswerError | RejectedError | NotFoundError)
