"""eBay sends its notifications: signed, over HTTP, with a thread that waits for them or one by one as a test asks."""

import base64
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from random import Random

import httpx
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA1

from simulator.state.notices import Notice, Notices

PATIENCE_S = 3.0  # eBay does not wait long
LOOK_S = 0.05
Forgery = Callable[[Notices, bytes, Random], tuple[bytes, dict[str, str]]]


class Sender:
    """Sends what is due. `with Sender(notices):` does it as the world's time passes. `forged`: the share that is preceded by a forgery.

    `forgeries` counts what was answered to each kind of forgery, `(kind, status)`; status 0: nothing was.
    """

    def __init__(self, notices: Notices, forged: float = 0.0) -> None:
        self.notices, self.forged = notices, forged
        self.forgeries: Counter[tuple[str, int]] = Counter()
        self.http = httpx.Client(timeout=PATIENCE_S, follow_redirects=False)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notices", daemon=True)

    def __enter__(self) -> "Sender":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self.http.close()

    def send_due(self) -> int:
        """Everything that is due now. Gives how many were sent, copies too."""
        due = self.notices.due()
        for notice, destination in due:
            rng = Random(f"{self.notices.seed}:forgery:{notice.id}:{len(notice.statuses)}")
            if rng.random() < self.forged:
                self.forge(rng.choice(sorted(FORGERIES)), notice, destination.endpoint, rng)
            body = self.notices.body(notice)
            self.notices.answered(notice, self.post(destination.endpoint, body, {"X-EBAY-SIGNATURE": self.notices.signature(body)}))
        return len(due)

    def forge(self, kind: str, notice: Notice, endpoint: str, rng: Random) -> int:
        """Somebody else sends something like this notification. Gives what they are answered."""
        body, headers = FORGERIES[kind](self.notices, self.notices.body(notice), rng)
        status = self.post(endpoint, body, headers)
        self.forgeries[kind, status] += 1
        return status

    def post(self, endpoint: str, body: bytes, headers: dict[str, str]) -> int:
        """The status of the answer; 0: nobody answered."""
        try:
            return self.http.post(endpoint, content=body, headers={"Content-Type": "application/json", **headers}).status_code
        except httpx.HTTPError:
            return 0

    def _run(self) -> None:
        while not self._over.is_set():
            if not self.send_due():
                with self.notices.changed:
                    self.notices.changed.wait(LOOK_S)
            else:
                time.sleep(0)


def _other_body(notices: Notices, body: bytes, rng: Random) -> tuple[bytes, dict[str, str]]:
    index = rng.randrange(len(body))
    changed = body[:index] + bytes([body[index] ^ 1]) + body[index + 1 :]
    return changed, {"X-EBAY-SIGNATURE": notices.signature(body)}


def _other_key(notices: Notices, body: bytes, rng: Random) -> tuple[bytes, dict[str, str]]:
    return body, {"X-EBAY-SIGNATURE": _signed(body, notices.kid, rng)}


def _unknown_kid(notices: Notices, body: bytes, rng: Random) -> tuple[bytes, dict[str, str]]:
    return body, {"X-EBAY-SIGNATURE": _signed(body, f"{rng.getrandbits(32):08x}-0000-4000-a000-{rng.getrandbits(48):012x}", rng)}


def _no_signature(notices: Notices, body: bytes, rng: Random) -> tuple[bytes, dict[str, str]]:
    return body, {}


def _kid_as_path(notices: Notices, body: bytes, rng: Random) -> tuple[bytes, dict[str, str]]:
    return body, {"X-EBAY-SIGNATURE": _signed(body, "../../../sell/fulfillment/v1/order", rng)}


def _signed(body: bytes, kid: str, rng: Random) -> str:
    """With a key that is not eBay's."""
    signed = ec.derive_private_key(rng.getrandbits(250) + 1, ec.SECP256R1()).sign(body, ec.ECDSA(SHA1()))
    parts = {"alg": "ecdsa", "kid": kid, "signature": base64.b64encode(signed).decode(), "digest": "SHA1"}
    return base64.b64encode(json.dumps(parts).encode()).decode()


FORGERIES: dict[str, Forgery] = {
    "other body": _other_body,
    "other key": _other_key,
    "unknown kid": _unknown_kid,
    "no signature": _no_signature,
    "kid as path": _kid_as_path,
}
