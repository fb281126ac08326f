"""The page in a real browser: for the keyboard, the phone, the screen reader, and without JavaScript."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

PHONE: ViewportSize = {"width": 390, "height": 844}
PATHS = ("/ebay/connected?state=none-of-ours", "/", "/sellers/mallory", "/sellers/s-0001", "/?state=paused", "/find?q=SKU-7")
OF_A_SELLER = ("/sellers/s-0001?kind=failures", "/sellers/mallory?view=changes", "/sellers/mallory?view=stock", "/runbooks/outages")
WITH_DELIVERIES = ("/endpoints?done=replay", "/sellers/nina", "/deliveries?failed=true", "/replays")
OTHERS = ("/alerts", "/tokens", "/audit")
SERIOUS = ("serious", "critical")


def tab_to(page: Page, name: str, most: int = 60) -> None:
    """Press the tabulator until the button or field of that name has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate("(document.activeElement.labels?.[0] ?? document.activeElement).textContent.trim()") == name:
            return
    raise AssertionError(f"the keyboard does not reach {name}")


def unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")


def serious(page: Page) -> list[tuple[str, str, str]]:
    """What axe finds that keeps people out."""
    found = Axe().run(page).response["violations"]
    return [(one["id"], one["help"], one["nodes"][0]["html"]) for one in found if one["impact"] in SERIOUS]


def to_be_sent_again(endpoint: Locator) -> int:
    found = re.search(r"(\d+) to be sent again", endpoint.inner_text())
    return int(found[1]) if found else 0


def wide(page: Page) -> tuple[int, int]:
    """How wide the page is, and how many of its elements reach beyond the window."""
    beyond = page.evaluate("[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1).length")
    return page.evaluate("document.documentElement.scrollWidth"), beyond


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [*PATHS, *OF_A_SELLER, *WITH_DELIVERIES, *OTHERS])
def test_axe_finds_nothing_serious(browser: Browser, hostile: str, path: str, scheme: Literal["light", "dark"]) -> None:
    page = browser.new_page(color_scheme=scheme, bypass_csp=True)
    page.goto(hostile + path)
    unfold(page)

    found = serious(page)

    page.close()
    assert found == []


@pytest.mark.parametrize("path", [*PATHS, *OF_A_SELLER, *WITH_DELIVERIES, *OTHERS, "/sellers/nobody"])
def test_a_phone_shows_it_whole_without_scrolling_sideways(browser: Browser, hostile: str, path: str) -> None:
    page = browser.new_page(viewport=PHONE)
    page.goto(hostile + path)
    unfold(page)

    found = wide(page)

    page.close()
    assert found == (PHONE["width"], 0)


def test_a_sellers_page_is_short_on_a_phone_and_what_is_folded_is_a_tap_away(browser: Browser, demo: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(f"{demo}/sellers/anna")
    height = page.locator("html").bounding_box()
    page.locator("summary", has_text="Last polls").click()

    expect(page.locator("details", has_text="Polls that found something")).to_have_attribute("open", "")
    assert height
    assert height["height"] < 4000
    context.close()


def test_the_keyboard_reads_an_hour_of_the_strip_and_goes_to_it_in_the_list(page: Page, hostile: str) -> None:
    page.goto(f"{hostile}/sellers/s-0001")
    hour = page.locator(".hours a").first
    hour.focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    said = page.evaluate("getComputedStyle(document.activeElement, '::after').content")
    page.keyboard.press("Enter")

    assert " UTC: 2 polls" in said
    expect(page.locator(".day div:target")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_an_endpoint_is_whole_on_a_phone_and_for_a_screen_reader(
    browser: Browser, hostile: str, scheme: Literal["light", "dark"]
) -> None:
    page = browser.new_page(viewport=PHONE, color_scheme=scheme, bypass_csp=True)
    page.goto(f"{hostile}/endpoints")
    page.locator("section.card h2 a").first.click()
    unfold(page)
    whole = serious(page), wide(page)
    page.get_by_role("button", name="Make a new secret").click()
    secret = page.get_by_label("The secret").input_value()
    found = serious(page), wide(page)

    page.close()
    assert secret.startswith("whsec_")
    assert whole == found == ([], (PHONE["width"], 0))


def test_html_of_strangers_is_rendered_as_text(page: Page, hostile: str) -> None:
    for path in ("/", "/sellers/mallory", "/endpoints", "/?find=<script>document.title='pwned'</script>"):
        page.goto(hostile + path)
        assert "pwned" not in page.title()
        assert page.locator("main script, main img[src=x]").count() == 0
    page.goto(f"{hostile}/sellers/mallory")
    assert "<script>document.title='pwned'</script>" in page.locator("main").inner_text()


def test_the_page_of_a_link_is_whole_on_a_phone_and_for_a_screen_reader(browser: Browser, hostile: str) -> None:
    page = browser.new_page(viewport=PHONE, bypass_csp=True)
    page.goto(f"{hostile}/sellers/nina")
    page.get_by_role("button", name="Make a link for a new consent").click()

    address = page.get_by_label("Address").input_value()
    found = serious(page), wide(page)

    page.close()
    assert address.startswith("https://auth.ebay.com/oauth2/authorize?")
    assert found == ([], (PHONE["width"], 0))


def test_the_keyboard_alone_switches_an_endpoint_off_and_on_and_sends_again(page: Page, hostile: str) -> None:
    page.goto(f"{hostile}/endpoints")
    first = page.locator("section.card").first
    before = to_be_sent_again(first)
    tab_to(page, "Switch off")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Switched off")
    expect(first).to_contain_text("Off: by hand")

    tab_to(page, "Switch on")
    page.keyboard.press("Space")
    expect(page.get_by_role("status")).to_contain_text("Switched on")
    expect(first).not_to_contain_text("Off: by hand")

    tab_to(page, "Replay events")
    page.keyboard.press("Enter")
    tab_to(page, "Seller", most=3)
    page.keyboard.type("nina")
    page.keyboard.press("Enter")

    expect(page.get_by_role("status")).to_contain_text("sent again, under the same ids")
    assert to_be_sent_again(first) == before + 4


def test_without_javascript_an_endpoint_is_switched_off_and_on_and_sent_again(browser: Browser, hostile: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(hostile)
    page.get_by_role("link", name="Endpoints").first.click()
    first = page.locator("section.card").first
    before = to_be_sent_again(first)
    for button, said in (("Switch off", "Switched off"), ("Switch on", "Switched on")):
        first.get_by_role("button", name=button).click()
        expect(page.get_by_role("status")).to_contain_text(said)
    waiting = []
    for _ in range(2):
        first.get_by_text("Replay events").click()
        first.get_by_label("From position").fill("1")
        first.get_by_role("button", name="Send again").click()
        expect(page.get_by_role("status")).to_contain_text("sent again, under the same ids")
        waiting.append(to_be_sent_again(first))

    assert before < waiting[0] == waiting[1]  # what waits is not added again
    context.close()


def test_the_keyboard_alone_pauses_and_resumes_a_seller(page: Page, demo: str) -> None:
    page.goto(f"{demo}/sellers/anna")
    tab_to(page, "Reason")
    page.keyboard.type("lunch")
    tab_to(page, "Pause", most=3)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Paused")
    expect(page.locator("h1")).to_contain_text("paused", timeout=120_000)  # by itself, once the worker knows
    page.reload()

    tab_to(page, "Resume")
    page.keyboard.press("Space")

    expect(page.get_by_role("status")).to_contain_text("Resumed")
    expect(page.locator("h1")).to_contain_text("polling", timeout=120_000)


def test_without_javascript_every_button_and_link_works(browser: Browser, demo: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(demo)
    page.get_by_role("link", name="bert").first.click()
    for button in ("Poll now", "Speed up"):
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("status")).to_be_visible()
    page.get_by_role("link", name="All sellers").click()
    page.get_by_label("State").select_option("polling")
    page.get_by_role("button", name="Show").click()

    expect(page.get_by_role("heading", name=re.compile(r"sellers?, polling"))).to_be_visible()
    context.close()


def test_a_seller_with_a_phone_consents_by_a_link_from_the_page_without_javascript(browser: Browser, demo: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(f"{demo}/sellers/anna")
    page.get_by_role("button", name="Make a link for a new consent").click()
    page.goto(page.get_by_label("Address").input_value())
    page.get_by_label("You are").select_option("anna")
    page.get_by_role("button", name="Agree and continue").click()

    expect(page.get_by_role("heading", name="Your eBay account is connected")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="This link was used already")).to_be_visible()
    context.close()


def test_the_page_keeps_itself_up_to_date_until_it_is_asked_not_to(page: Page, demo: str) -> None:
    page.goto(demo)
    live = page.locator("#live")
    before = live.inner_text()
    expect(live).not_to_have_text(before, timeout=120_000)

    page.get_by_role("button", name="Stop updating").click()

    expect(page.get_by_role("button", name="Go live")).to_have_attribute("aria-pressed", "true")
