"""The same refusal in each API's own words: JSON with a status, or Trading's XML with 200."""

from simulator import answers, trading_xml
from simulator.answers import ApiError
from simulator.requests import Request


def quota_spent(request: Request, now_ms: int, retry_after_s: int | None = None) -> ApiError:
    """There are no calls left today."""
    return trading_xml.limit_reached(request.call, now_ms) if request.resource == "trading" else answers.quota_spent(retry_after_s)


def system_error(request: Request, now_ms: int) -> ApiError:
    """eBay failed."""
    return trading_xml.internal_error(request.call, now_ms) if request.resource == "trading" else answers.system_error(request.resource)
