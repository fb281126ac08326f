"""Every page of the site, on a desktop and on a phone, by day and by night: what `make pictures` takes, and how."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize

SELLER = "anna"
LOGIN_PATH = "/login"
COLORS = 160  # of a palette: text and areas of few colours take a third of the bytes so
LARGEST = 200_000  # bytes
TALLEST = 2_000  # pixels; more of a long page nobody looks at
REST_MS = 1000  # until what moves on a page has come to rest


@dataclass(frozen=True)
class Device:
    name: str
    width: int  # pixels
    height: int

    @property
    def viewport(self) -> ViewportSize:
        return {"width": self.width, "height": self.height}


DEVICES = (Device("desktop", 1280, 900), Device("phone", 390, 844))
Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")


@dataclass(frozen=True)
class PicturedPage:
    name: str
    words: str  # what it shows, for the gallery and for who cannot see it
    path: str
    go_on: Callable[[Page], None] | None = None  # from there, to what is to be seen

    def files(self) -> Iterator[tuple[Device, Scheme, str]]:
        """Each device and scheme with the picture's file name."""
        for device in DEVICES:
            for scheme in SCHEMES:
                yield device, scheme, f"page-{self.name}-{device.name}-{scheme}.png"


def _link(page: Page) -> None:
    page.get_by_role("button", name="Make a link for a new consent").click()
    page.get_by_label("Address").wait_for()


def _replay(page: Page) -> None:
    page.get_by_text("Replay events").first.click()


def _endpoint(page: Page) -> None:
    page.locator("section.card h2 a").first.click()


def _message(page: Page) -> None:
    page.locator("tbody th a").first.click()


def _find(page: Page) -> None:
    """By the number of an order that the page shows."""
    sku = page.locator("tbody th").first.inner_text().split()[0]
    page.goto(page.url.partition("/sellers")[0] + f"/find?q={sku}")


PAGES = (
    PicturedPage("fleet", "All sellers: states, freshness, changes, quota, alerts", "/"),
    PicturedPage("seller", "One seller: streams, buttons, changes before and after", f"/sellers/{SELLER}"),
    PicturedPage("link", "A link for a seller's new consent", f"/sellers/{SELLER}", _link),
    PicturedPage("endpoints", "Endpoints: state, what waits, the last answer, buttons", "/endpoints", _replay),
    PicturedPage("endpoint", "One endpoint: how it does, settings, secret, Deliver now", "/endpoints", _endpoint),
    PicturedPage("deliveries", "What was sent, with the answers, and filters", "/deliveries"),
    PicturedPage("message", "One message: attempts, answers, and the body without the buyer", "/deliveries", _message),
    PicturedPage("replays", "Replays, with their progress", "/replays"),
    PicturedPage("find", "Whose an order number, item id or SKU is", f"/sellers/{SELLER}?view=stock", _find),
    PicturedPage("runbook", "A runbook", "/runbooks/late"),
    PicturedPage("tokens", "Tokens of the API: who may do what", "/tokens"),
    PicturedPage("audit", "Who did what, by command line, page and API", "/audit"),
    PicturedPage("connected", "What a seller sees whose link was used already", "/ebay/connected?state=none-of-ours"),
    PicturedPage("api", "The API, described", "/v1/docs"),
    PicturedPage("problem", "An address that is none: what to do", "/sellers/nobody"),
)
LOGIN = PicturedPage("login", "The log-in, where a token is set", LOGIN_PATH)


def take(browser: Browser, site: str, pictured: PicturedPage, folder: Path) -> None:
    """All pictures of one page, into `folder`.

    Raises:
        ValueError: a picture is larger than the docs should carry.
    """
    for device, scheme, file in pictured.files():
        page = browser.new_page(viewport=device.viewport, color_scheme=scheme)
        page.goto(f"{site}{pictured.path}")
        if pictured.go_on:
            pictured.go_on(page)
        page.wait_for_timeout(REST_MS)
        height = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
        page.set_viewport_size({"width": device.width, "height": max(height, device.height)})
        store(page.screenshot(), folder / file)
        page.close()


def store(picture: bytes, file: Path) -> None:
    """As PNG with a palette.

    Raises:
        ValueError: it is larger than the docs should carry.
    """
    small = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").quantize(COLORS).save(small, "PNG", optimize=True)
    if small.tell() > LARGEST:
        raise ValueError(f"{file.name} has {small.tell()} bytes; {LARGEST} are the most")
    file.write_bytes(small.getvalue())
    print(f"{file.name}: {small.tell()} bytes", flush=True)


def gallery(pages: tuple[PicturedPage, ...]) -> str:
    """The text of docs/pictures/README.md."""
    lines = ["# Every page, on a desktop and on a phone, light and dark", "", "Taken by `make pictures` from a demo of a minute.", ""]
    for pictured in pages:
        lines += [f"## {pictured.words}", ""]
        lines += [f"![{pictured.words}, {device.name}, {scheme}]({file})" for device, scheme, file in pictured.files()]
        lines.append("")
    return "\n".join(lines)
