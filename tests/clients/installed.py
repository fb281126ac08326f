"""Whether an installed client works: `python installed.py SAMPLES.json`, in an environment that has nothing but it.

Each sample event goes through a feed into SQLite, twice, and through a webhook's verification.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sqlite3
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import httpx
import sellerbeat

FRAMEWORKS = ("django", "fastapi", "flask", "sqlalchemy")


def signed(body: bytes, key: bytes) -> dict[str, str]:
    at = str(int(time.time()))
    sign = hmac.new(key, b".".join((b"1", at.encode(), body)), hashlib.sha256).digest()
    return {"webhook-id": "1", "webhook-timestamp": at, "webhook-signature": f"v1,{base64.b64encode(sign).decode()}"}


def main() -> None:
    samples = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    for module in iter_modules(sellerbeat.__path__):
        if module.name not in FRAMEWORKS:
            import_module(f"sellerbeat.{module.name}")
    changes = [{**sample, "id": str(number), "position": number} for number, sample in enumerate(samples * 2, 1)]
    for number, change in enumerate(changes):
        change["id"] = str(number % len(samples))

    def answer(request: httpx.Request) -> httpx.Response:
        after = int(request.url.params["after"])
        page = [one for one in changes if one["position"] > after][:7]
        return httpx.Response(200, json={"changes": page, "next": page[-1]["position"] if page else after, "feed": "0"})

    with tempfile.TemporaryDirectory() as folder:
        position = sellerbeat.DbApiPosition(lambda: sqlite3.connect(Path(folder) / "app.db"))
        position.create_tables()
        feed: sellerbeat.Feed[sqlite3.Connection] = sellerbeat.Feed("http://a", "t", batch=7, transport=httpx.MockTransport(answer))
        handled = list[str]()
        feed.on("*")(lambda event, _: handled.append(type(event).__name__))
        feed.run(position, until_idle=True)
    assert "UnknownEvent" not in handled
    for sample in samples:
        body, key = json.dumps({"type": sample["type"], "timestamp": "", "data": sample}).encode(), b"k" * 24
        event = sellerbeat.webhooks.verify(signed(body, key), body, f"whsec_{base64.b64encode(key).decode()}")
        assert event.type == sample["type"]
    sys.stdout.write(f"{len(handled)} handled once\n")


if __name__ == "__main__":
    main()
