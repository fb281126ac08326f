"""Takes the pictures in docs/pictures anew, from a demo of its own: `make pictures`. Needs Chromium and Playwright.

The demo runs for a minute in a folder that is gone afterwards; what it shows differs a little each time.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from deploy.pictured_pages import LOGIN, PAGES, REST_MS, gallery, store, take

HOUSE = Path(__file__).resolve().parent.parent
PICTURES = HOUSE / "docs" / "pictures"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
QUIETLY = [f"--{flag}" for flag in ("headless", "no-sandbox", "disable-gpu", "disable-background-networking", "disable-component-update")]
QUIETLY += ["--disable-sync", "--no-first-run"]
COLUMNS = ("Status", "Workflow ID", "SellerbeatState", "SellerbeatTier", "SellerbeatFailures", "SellerbeatLastChange")
FILTER = 'ExecutionStatus="Running" AND SellerbeatState="paused"'
LIST, SELLER = (1400, 480), (1400, 900)  # pixels
NOBODY = "http://127.0.0.1:9/hooks/ebay"  # where nothing listens
START_S = 90.0
UI, SITE = re.compile(r"Web UI: (http://\S+)"), re.compile(r"^page: (http://\S+)", re.M)
LISTENS = re.compile(r"web listens.*?(http://[^\s\"]+)")


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
            url, site = awaited(demo, log, UI), awaited(demo, log, SITE)
            starter = str(folder / "demo" / "starter")
            run(starter, "endpoint", "add", NOBODY, "--types", "order.*")
            run(starter, "pause", "carla", "--reason", "stocktaking")
            time.sleep(10)  # so that there is something to see
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=program, args=QUIETLY)
                PICTURES.mkdir(parents=True, exist_ok=True)
                for pictured in PAGES:
                    take(browser, site, pictured, PICTURES)
                with behind_a_login(folder) as guarded:
                    take(browser, guarded, LOGIN, PICTURES)
                (PICTURES / "README.md").write_text(gallery((*PAGES, LOGIN)))
                run(starter, "pause", "anna", "--reason", "stocktaking")
                take_web_ui(browser, url)
                browser.close()
        finally:
            demo.send_signal(signal.SIGTERM)
            demo.wait(60)
    return 0


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def awaited(process: subprocess.Popen[bytes], log: Path, address: re.Pattern[str]) -> str:
    """The address, once the process's log names it.

    Raises:
        RuntimeError: it ended before, or takes longer than `START_S`.
    """
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        if found := address.search(log.read_text(errors="replace")):
            return found[1]
        time.sleep(0.2)
    raise RuntimeError(f"it did not start: {log.read_text(errors='replace')[-2000:]}")


@contextmanager
def behind_a_login(folder: Path) -> Iterator[str]:
    """The address of a second web.py over the demo's tables, for which people log in."""
    log, start = folder / "web.log", folder / "web"
    environment = folder / "demo" / "env"
    start.write_text(f"set -a\n. {environment}\nexec {sys.executable} {HOUSE / 'web.py'}\n")
    settings = {"SELLERBEAT_ADMIN_TOKEN": secrets.token_urlsafe(32), "SELLERBEAT_WEB_BIND": "127.0.0.1:0"}
    with environment.open("a") as lines:
        lines.writelines(f"{name}={value}\n" for name, value in settings.items())
    with log.open("wb") as out, subprocess.Popen(["sh", str(start)], stdout=out, stderr=out, cwd=HOUSE) as web:
        try:
            yield awaited(web, log, LISTENS)
        finally:
            web.send_signal(signal.SIGTERM)


def take_web_ui(browser: Browser, url: str) -> None:
    page = browser.new_page(viewport=size(LIST))
    columns = json.dumps({"default": [{"label": label} for label in COLUMNS]})
    page.add_init_script(f"localStorage.setItem('namespace-workflow-table-columns', {json.dumps(columns)})")
    workflows = f"{url}/namespaces/default/workflows"
    page.goto(f"{workflows}?query={quote(FILTER)}")
    page.get_by_role("link", name="ebay-polling:anna").first.wait_for()
    page.wait_for_timeout(REST_MS)
    store(page.screenshot(), PICTURES / "web-ui-list.png")
    page.set_viewport_size(size(SELLER))
    page.goto(f"{workflows}/ebay-polling:bert")
    page.wait_for_url("**/timeline")  # of the run that is there now
    page.goto(page.url.replace("/timeline", "/user-metadata"))
    # Markdown is shown in a frame of its own
    card = page.frame_locator("#user-metadata-current-details").get_by_role("heading", name="bert: polling")
    card.wait_for()
    page.wait_for_timeout(REST_MS)
    store(page.screenshot(), PICTURES / "web-ui-seller.png")


def size(pixels: tuple[int, int]) -> ViewportSize:
    return {"width": pixels[0], "height": pixels[1]}


if __name__ == "__main__":
    sys.exit(main())
