"""Every button of the demo's page and every act of its API, pressed as a browser and a program would."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx

from tests.support.waiting import PATIENCE_S

SHOWN = 'name="form_token" value="([^"]+)"'


class DemoPage:
    """`http`: leads to the page, whose process runs."""

    def __init__(self, http: httpx.Client) -> None:
        self.http, self.browser = http, {"Origin": str(http.base_url).rstrip("/")}

    def press(self, path: str, **fields: str) -> httpx.Response:
        found = re.search(SHOWN, self.http.get("/").text)
        assert found
        answer = self.http.post(path, data={"form_token": found[1], **fields}, headers=self.browser)
        assert answer.status_code in (200, 303), (path, answer.status_code, answer.text)
        return answer

    def act(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, path, json=body)
        assert answer.is_success, (method, path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def connect(self, seller: str, account: str, answer: str = "agree") -> int:
        """*Connect a seller*, eBay's consent page, and back. Gives the status of the page where it ends."""
        shown = html.unescape(self.press("/links", seller=seller).text)
        link = re.search(r"http://127\.0\.0\.1:\d+/oauth2/authorize[^\s<]*", shown)
        assert link, shown
        options = re.findall("<option>(.*?)</option>", httpx.get(link[0], timeout=PATIENCE_S).text)
        assert account in options
        back = httpx.post(link[0], data={"seller": account, "answer": answer}, timeout=PATIENCE_S).headers["location"]
        return httpx.get(back, timeout=PATIENCE_S).status_code

    def state(self, seller: str) -> dict[str, Any]:
        shown: dict[str, Any] = self.act("GET", f"/v1/sellers/{seller}")
        return shown


def press_everything(page: DemoPage) -> None:
    """Of sellers, endpoints, tokens, replays and modes, whatever has no end of its own: what it leaves may not turn the verdict."""
    endpoint = page.act("GET", "/v1/endpoints")["endpoints"][0]
    own = f"/v1/endpoints/{endpoint['id']}"
    assert page.connect("carla", "carla") == 200  # again
    assert page.connect("carla", "bert") == 403
    assert page.connect("another", "bert") == 409
    assert page.connect("another", "dora", answer="decline") == 200
    for act, fields in {"pause": {"reason": "lunch"}, "resume": {}, "poll-now": {}, "speed-up": {"every": "10s", "for": "10m"}}.items():
        page.press(f"/sellers/bert/{act}", **fields)
    page.act("POST", "/v1/pause")
    page.act("POST", "/v1/resume")
    page.act("POST", "/v1/active", {"sellers": ["anna"]})
    page.act("POST", "/v1/sellers/bert/cadence", {"orders": "1h"})
    page.act("POST", "/v1/sellers/carla/inventory", {"source": "both", "offers": True})
    page.act("POST", "/v1/sellers/anna/mode", {"mode": "webhooks", "force": True})
    page.act("POST", "/v1/sellers/bert/notifications/setup")
    page.act("POST", "/v1/sellers/bert/mode", {"mode": "shadow"})
    token = re.search(r"sb_[A-Za-z0-9_-]+", page.press("/tokens", name="reader", scope="read", expires="30d").text)
    assert token
    page.press("/tokens/reader/revoke")
    page.press(f"/endpoints/{endpoint['id']}/disable")
    page.press(f"/endpoints/{endpoint['id']}/enable")
    page.press(f"/endpoints/{endpoint['id']}/replay", seller="anna", **{"from": "", "to": ""})
    page.act("POST", "/v1/replays", {"first": 1, "last": 200})
    page.act("POST", f"{own}/test")
    page.act("POST", f"{own}/test", {"type": "order.refunded"})
    page.act("POST", f"{own}/retry")
    page.act("PATCH", own, {"types": ["order.*"]})
    page.act("PATCH", own, {"types": ["*"], "thin": True})
    page.act("POST", f"{own}/rotate")
    page.act("POST", f"{own}/rotate", {"drop_old": True})
    page.act("POST", "/v1/endpoints", {"url": endpoint["url"], "types": ["*"]})  # a second one at the demo's own receiver
    nowhere = page.act("POST", "/v1/endpoints", {"url": "http://127.0.0.1:9/nobody", "types": ["order.*"]})
    gone = page.act("POST", "/v1/endpoints", {"url": "http://127.0.0.1:9/gone"})
    page.act("POST", f"/v1/endpoints/{nowhere['id']}/test")
    page.act("DELETE", f"/v1/endpoints/{gone['id']}")
