"""The example app, its feed or its webhooks, killed by -9 at the Nth time that it comes to a named point.

`python dying_shop.py POINT NUMBER`, with SHOP_DATABASE_URL, SELLERBEAT_URL and SELLERBEAT_TOKEN set. It ends once there is nothing new.
With WEBHOOK_SECRET and PORT it takes deliveries instead, until it is killed.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CLIENT = Path(__file__).parents[2] / "clients" / "python"
sys.path[:0] = [str(CLIENT), str(CLIENT / "examples" / "flask_shop")]
POINTS = (
    *("begin", "read", "locked", "known", "handler", "handled", "remembered", "moved", "committing", "committed"),
    *("asked", "answered"),
)


class Deaths:
    def __init__(self, point: str, number: int) -> None:
        self.point, self.left = point, number

    def come_to(self, point: str) -> None:
        if point == self.point:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def after(self, point: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any, **named: Any) -> Any:
            answer = function(*given, **named)
            self.come_to(point)
            return answer

        return called


def main() -> None:
    deaths = Deaths(sys.argv[1], int(sys.argv[2]))
    import shop  # type: ignore[import-not-found]
    from sellerbeat import pages

    position, feed = shop.position, shop.feed
    begun = position.transaction

    @contextmanager
    def transaction() -> Iterator[Any]:
        with begun() as session:
            deaths.come_to("begin")
            yield session
            session.flush()
            deaths.come_to("committing")
        deaths.come_to("committed")

    position.transaction = transaction
    for name, point in {"read": "read", "lock": "locked", "known": "known", "remember": "remembered", "move": "moved"}.items():
        setattr(position, name, deaths.after(point, getattr(position, name)))
    handle = feed.handle

    def handled(event: Any, session: Any) -> None:
        deaths.come_to("handler")
        handle(event, session)
        session.flush()
        deaths.come_to("handled")

    feed.handle = handled
    ask = pages._asked

    def asked(*given: Any) -> Any:
        deaths.come_to("asked")
        answer = ask(*given)
        deaths.come_to("answered")
        return answer

    pages._asked = asked  # type: ignore[assignment]
    if "WEBHOOK_SECRET" in os.environ:
        from sellerbeat.flask import blueprint

        shop.app.register_blueprint(blueprint(feed.receiver(position), os.environ["WEBHOOK_SECRET"]))
        shop.app.run(port=int(os.environ["PORT"]))
    feed.run(position, until_idle=True)


if __name__ == "__main__":
    main()
