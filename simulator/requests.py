"""Who asked what: counters for ever, the last requests in full."""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass
class Request:
    """One call, filled in as more is known of it."""

    method: str
    path: str
    query: dict[str, str]  # decoded
    resource: str  # order, shipping_fulfillment, inventory_item, offer, trading, feed, rate_limit, notification; token
    seller: str = ""  # "" without a valid user token
    at_ms: int = 0  # the world's clock
    status: int = 0
    call: str = ""  # of Trading: GetItem and so on
    scopes: frozenset[str] = frozenset()  # of the token
    number: int = 0  # the how manyeth call of the seller for this resource; counted while eBay is hostile


class RequestLog:
    """All calls counted, the last 10,000 in full."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str]] = Counter()
        self.last: deque[Request] = deque(maxlen=10_000)

    def add(self, request: Request) -> None:
        """A call has its answer."""
        self.calls[request.seller, request.resource] += 1
        self.last.append(request)

    def __iter__(self) -> Iterator[Request]:
        return iter(list(self.last))

    def __len__(self) -> int:
        return len(self.last)
