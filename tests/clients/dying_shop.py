"""The example app, its feed or its webhooks, killed by -9 at the Nth time that it comes to a named point.

With SHOP_DATABASE_URL, SELLERBEAT_URL and SELLERBEAT_TOKEN set it reads lines `POINT NUMBER`, and forks for each a process that reads the
feed until there is nothing new; with WEBHOOK_SECRET and PORT one that takes deliveries. When it is dead, the answer is a line with its
exit code. What is loaded once is most of a start.
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
    import shop  # type: ignore[import-not-found]

    shop.Base.metadata.create_all(shop.engine)
    for line in sys.stdin:
        if (child := os.fork()) == 0:
            shop.engine.dispose(close=False)  # its connections are the parent's
            point, number = line.split()
            instrument(shop, Deaths(point, int(number)))
            if "WEBHOOK_SECRET" in os.environ:
                from sellerbeat.flask import blueprint

                sys.stdout = sys.stderr  # Flask says hello
                shop.app.register_blueprint(blueprint(shop.feed.receiver(shop.position), os.environ["WEBHOOK_SECRET"]))
                shop.app.run(port=int(os.environ["PORT"]))
            shop.feed.run(shop.position, until_idle=True)
            return
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - the answer


def instrument(shop: Any, deaths: Deaths) -> None:
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


if __name__ == "__main__":
    main()
