"""An app sends a seller for their consent, and gets their browser back: where to, with what, and never anywhere else."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.authors import LONGEST as LONGEST_AUTHOR
from ebay.consent import SCOPES
from operations.consent import ConsentOutcome, make_link
from operations.returning import LONGEST as LONGEST_ADDRESS
from operations.returning import LONGEST_NAME, ReturnRefusedError, checked_address, way_back
from pages.connected import LONGEST, SHOWN
from settings import origin_of
from tests.web.consenting import HERE, Consent
from tests.web.site import Page

ORIGINS = frozenset({"https://app.example.com", "http://localhost:3000", "https://[2001:db8::1]:8443"})
APP = "https://app.example.com/ebay/back?from=sellerbeat"


@pytest.fixture
def it(it: Consent) -> Consent:
    it.site.context.settings = it.site.context.settings.model_copy(update={"return_origins": ",".join(sorted(ORIGINS))})
    return it


def heard(answer: httpx.Response, address: str = APP) -> dict[str, str]:
    """What the app is told; the browser is led to its own address, and leaves nothing of ours behind."""
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(address)
    assert (answer.headers["referrer-policy"], "no-store" in answer.headers["cache-control"]) == ("no-referrer", True)
    return dict(parse_qsl(answer.headers["location"][len(address) :]))


async def test_after_the_consent_the_seller_is_back_in_the_app_and_its_address_is_nowhere(
    it: Consent, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = await it.consents(it.link(return_to=APP))

    assert heard(answer) == {"sellerbeat": "connected", "seller": "s-1"}
    assert it.store.enrolled() == ["s-1"]
    assert "seller connected" in caplog.text
    assert "app.example.com" not in caplog.text + str(it.rows("consents")) + str(it.rows("sellers"))


async def test_who_declines_or_comes_with_another_account_is_back_too_and_the_app_knows_why(it: Consent) -> None:
    await it.consents(it.link("s-1"))
    declined = await it.back(it.answer(it.link("s-2", return_to=APP), answer="decline"))
    taken = await it.consents(it.link("s-2", return_to=APP))
    wrong = await it.consents(it.link("s-1", return_to=APP), "bert")
    address = it.answer(it.link("s-3", return_to=APP), "bert")
    it.world.accounts.codes.clear()
    late = await it.back(address)

    assert heard(declined) == {"sellerbeat": "declined", "seller": "s-2"}
    assert heard(taken) == {"sellerbeat": "failed", "seller": "s-2", "reason": "account_taken"}
    assert heard(wrong) == {"sellerbeat": "failed", "seller": "s-1", "reason": "wrong_account"}
    assert heard(late) == {"sellerbeat": "failed", "seller": "s-3", "reason": "code_refused"}
    assert it.store.enrolled() == ["s-1"]


async def test_a_link_that_is_over_shows_its_page_with_a_way_back(it: Consent) -> None:
    address = it.answer(it.link(return_to=APP, app="Fritz & <b>Sons</b>"))
    await it.back(address)
    used = await it.back(address)
    it.store.consents.clock = lambda: datetime.now(UTC) + timedelta(days=4)
    expired = await it.back(address)
    it.store.consents.clock = lambda: datetime.now(UTC)
    forged = await it.back(address.replace("state=", "state=x"))

    for answer, outcome in ((used, ConsentOutcome.USED), (expired, ConsentOutcome.EXPIRED)):
        page = Page(answer)
        assert (answer.status_code, SHOWN[outcome][1] in page.text) == (SHOWN[outcome][0], True)
        assert "Fritz &amp; &lt;b&gt;Sons" in answer.text
        (link,) = page.all("a")
        assert link["href"] == f"{APP}&sellerbeat=failed&seller=s-1&reason={outcome.value}"
    assert forged.status_code == 400
    assert Page(forged).all("a") == []


async def test_while_ebay_is_away_the_page_stays_where_loading_it_again_helps(it: Consent) -> None:
    address = it.answer(it.link(return_to=APP))
    it.world.faults.force(503, "away", resource="token")

    away = await it.back(address)
    again = await it.back(address)

    assert away.status_code == 503
    assert [link["href"] for link in Page(away).all("a")] == [f"{APP}&sellerbeat=failed&seller=s-1&reason=unavailable"]
    assert "Back to app.example.com" in Page(away).text
    assert heard(again) == {"sellerbeat": "connected", "seller": "s-1"}


async def test_an_origin_that_was_taken_back_gets_nobody_any_more(it: Consent) -> None:
    address = it.answer(it.link(return_to=APP))
    it.site.context.settings = it.site.context.settings.model_copy(update={"return_origins": "https://other.example.com"})

    answer = await it.back(address)

    assert (answer.status_code, Page(answer).all("a")) == (200, [])
    assert it.store.enrolled() == ["s-1"]


async def test_the_longest_link_still_comes_back(it: Consent) -> None:
    longest = APP + "&" + "x" * (LONGEST_ADDRESS - len(APP) - 1)
    options = {"every": 86_400.0, "backfill": 62_985_600.0, "source": "inventory_api", "offers": True}
    link = make_link(
        it.site.context, "s" * 100, options=options, scopes=SCOPES, return_to=longest, app="🧺" * LONGEST_NAME, by="x" * LONGEST_AUTHOR
    )

    assert len(parse_qs(urlsplit(link.url).query)["state"][0]) <= LONGEST
    assert heard(await it.consents(link.url), longest)["sellerbeat"] == "connected"
    with pytest.raises(ReturnRefusedError):
        make_link(it.site.context, "s-1", return_to=longest + "x")


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "two\nlines", "\u202eexe", "a\0b", "\ud800"])
async def test_a_name_that_nobody_can_read_makes_no_link(it: Consent, name: str) -> None:
    with pytest.raises(ReturnRefusedError):
        make_link(it.site.context, "s-1", app=name)
    assert it.rows("consents") == []


REFUSED = [
    *("", "/back", "//app.example.com/", "app.example.com", "javascript:alert(1)", "ftp://app.example.com/", "https:app.example.com"),
    *("https:/app.example.com/", "https:///app.example.com/", "https://app.example.com.evil.com/", "https://evil.com/app.example.com"),
    *("https://app.example.com@evil.com/", "https://evil.com@app.example.com/", "https://app.example.com:443@evil.com/"),
    *("https://app.example.com\\@evil.com/", "https://evil.com\\.app.example.com/", "https:\\\\app.example.com/", "https://app.example.com\\"),
    *("https://app.example.com:444/", "https://app.example.com:/", "https://app.example.com:99999/", "http://app.example.com/"),
    *("https://app.example.com/#x", "https://app.example.com/ x", " https://app.example.com/", "https://app.example.com/\n"),
    *("https://app.example.com\t/", "https://app.example.com/\r\nSet-Cookie: a=b", "https://app.example.com/%0", "https://app.example.com/%zz"),
    *("https://app.example.com./", "https://app。example.com/", "https://xn--app.example.com/", "HTTPS://app.example.com/", "https://ａpp.example.com/"),
    *("https://app.example.com/\x00", "https://app.example.com/ü", "https://app.example.com?sellerbeat=connected", "https://app.example.com/?%73eller=x"),
    *("http://localhost/", "http://127.0.0.1:3000/", "http://localhost:3000.evil.com/", "https://localhost:3000/", "https://[::1]/"),
    *("https://app.example.com/<script>", 'https://app.example.com/"', "https://app.example.com/{x}", "https://app.example.com^evil.com/"),
]  # fmt: skip


@pytest.mark.parametrize("address", REFUSED)
def test_what_a_browser_might_read_in_another_way_is_refused_without_showing_it(address: str) -> None:
    with pytest.raises(ReturnRefusedError) as refused:
        checked_address(address, ORIGINS)

    assert "evil" not in str(refused.value)
    assert "\n" not in str(refused.value)


PIECES = st.lists(st.sampled_from(["https://", "http://", "app.example.com", "localhost", "evil.com", ":3000", ":443", "/", "\\", "@", "?",
    "#", "%2f", "..", ".", "[2001:db8::1]", ":8443", "a=b", "&", ";", "\t", "\n", " ", "é", "//"]), max_size=8).map("".join)  # fmt: skip


@given(PIECES | PIECES.map(lambda rest: f"https://app.example.com{rest}"))
@example("https://app.example.com:443/x?y")
@example("http://localhost:3000")
@example("https://[2001:db8::1]:8443/?")
def test_whatever_is_accepted_leads_to_an_allowed_origin_by_every_reader(text: str) -> None:
    try:
        address = checked_address(text, ORIGINS)
    except ReturnRefusedError:
        return

    back = way_back(address, ORIGINS, "failed", "s-1", "used") or ""

    for one in (address, back):
        read, also = urlsplit(one), httpx.URL(one)
        assert origin_of(f"{read.scheme}://{read.netloc}") in ORIGINS
        assert also.scheme == read.scheme
        assert also.host == (read.hostname or "")
        assert also.userinfo == b""
    assert parse_qs(urlsplit(back).query)["sellerbeat"] == ["failed"]


async def test_without_an_app_all_is_as_it_was(it: Consent) -> None:
    answer = await it.consents(it.link())

    assert answer.status_code == 200
    assert Page(answer).all("a") == []
    assert answer.url.path == urlsplit(HERE).path
