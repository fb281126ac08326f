"""Takes the pictures in docs/pictures anew, from a demo of its own: `make pictures`. Needs Chromium and Playwright.

The demo runs for a minute in a folder that is gone afterwards; what it shows differs a little each time.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

HOUSE = Path(__file__).resolve().parent.parent
PICTURES = HOUSE / "docs" / "pictures"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
QUIETLY = [f"--{flag}" for flag in ("headless", "no-sandbox", "disable-gpu", "disable-background-networking", "disable-component-update")]
QUIETLY += ["--disable-sync", "--no-first-run"]
COLUMNS = ("Status", "Workflow ID", "SellerbeatState", "SellerbeatTier", "SellerbeatFailures", "SellerbeatLastChange")
FILTER = 'ExecutionStatus="Running" AND SellerbeatState="paused"'
LIST, SELLER, PAGE = (1400, 480), (1400, 900), (1280, 1100)  # pixels
NOBODY = "http://127.0.0.1:9/hooks/ebay"  # where nothing listens
START_S, LARGEST = 90.0, 200_000
UI, SITE = re.compile(r"Web UI: (http://\S+)"), re.compile(r"^page: (http://\S+)", re.M)


def main() -> int:
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        print("pictures: Chromium is missing; on Debian: apt-get install chromium", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="pictures-") as name:
        folder = Path(name)
        log = folder / "demo.log"
        with log.open("wb") as out:
            demo = subprocess.Popen(
                [sys.executable, "-u", str(HOUSE / "demo.py"), "--folder", str(folder / "demo")], stdout=out, stderr=out, cwd=HOUSE
            )
        try:
            url, site = running(demo, log)
            starter = str(folder / "demo" / "starter")
            run(starter, "endpoint", "add", NOBODY, "--types", "order.*")
            run(starter, "pause", "carla", "--reason", "stocktaking")
            time.sleep(10)  # so that there is something to see
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=program, args=QUIETLY)
                take_pages(browser, site)
                run(starter, "pause", "anna", "--reason", "stocktaking")
                take(browser, url)
                browser.close()
        finally:
            demo.send_signal(signal.SIGTERM)
            demo.wait(60)
    return 0


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def running(demo: subprocess.Popen[bytes], log: Path) -> tuple[str, str]:
    """The addresses of the Web UI and of the status page, once the demo tells them."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and demo.poll() is None:
        said = log.read_text(errors="replace")
        if (ui := UI.search(said)) and (site := SITE.search(said)):
            return ui[1], site[1]
        time.sleep(0.2)
    raise RuntimeError(f"the demo did not start: {log.read_text(errors='replace')[-2000:]}")


def take_pages(browser: Browser, site: str) -> None:
    """Of the status page."""
    page = browser.new_page(viewport=size(PAGE))
    page.goto(f"{site}/sellers/anna")
    page.get_by_text("In mode shadow").wait_for()
    keep(page, "page-seller.png")
    page.set_viewport_size(size((PAGE[0], 960)))
    page.goto(site)
    keep(page, "page-fleet.png")
    page.goto(f"{site}/endpoints")
    page.get_by_text("Replay events").first.click()
    keep(page, "page-endpoints.png")
    page.close()


def take(browser: Browser, url: str) -> None:
    page = browser.new_page(viewport=size(LIST))
    columns = json.dumps({"default": [{"label": label} for label in COLUMNS]})
    page.add_init_script(f"localStorage.setItem('namespace-workflow-table-columns', {json.dumps(columns)})")
    workflows = f"{url}/namespaces/default/workflows"
    page.goto(f"{workflows}?query={quote(FILTER)}")
    page.get_by_role("link", name="ebay-polling:anna").first.wait_for()
    keep(page, "web-ui-list.png")
    page.set_viewport_size(size(SELLER))
    page.goto(f"{workflows}/ebay-polling:bert")
    page.wait_for_url("**/timeline")  # of the run that is there now
    page.goto(page.url.replace("/timeline", "/user-metadata"))
    # Markdown is shown in a frame of its own
    card = page.frame_locator("#user-metadata-current-details").get_by_role("heading", name="bert: polling")
    card.wait_for()
    keep(page, "web-ui-seller.png")


def size(pixels: tuple[int, int]) -> ViewportSize:
    return {"width": pixels[0], "height": pixels[1]}


def keep(page: Page, name: str) -> None:
    page.wait_for_timeout(1000)  # until what moves on the page has come to rest
    picture = page.screenshot()
    if len(picture) > LARGEST:
        raise RuntimeError(f"{name} has {len(picture)} bytes; {LARGEST} are the most")
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / name).write_bytes(picture)
    print(f"{(PICTURES / name).relative_to(HOUSE)}: {len(picture)} bytes")


if __name__ == "__main__":
    sys.exit(main())
