"""Who may come in, and whose buttons count: the login and its cookie, forms of other sites, and a site without a token."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from starlette.requests import Request

from serving.access import COOKIE, LASTS_S, Access, Session
from serving.problems import LoginNeededError
from store import Store
from tests.store.documents import enroll
from tests.web.site import TOKEN, Page, Site

OLD, NEW = "the old token, of more than 16", "the new token, of more than 16"

PATHS = ("/", "/?state=paused", "/sellers/anna")


@pytest.fixture(autouse=True)
def anna(store: Store) -> None:
    enroll(store, "anna")


async def test_a_stranger_is_led_to_the_login_and_from_there_back(site: Site) -> None:
    for path in PATHS:
        asked = await site.browser.get(path)
        assert asked.status_code == 303
    form = Page(await site.browser.get(asked.headers["location"]))

    entered = await site.browser.post("/login", data={**form.forms["/login"], "token": TOKEN})

    assert (entered.status_code, entered.headers["location"]) == (303, "/sellers/anna")
    assert "anna" in (await site.browser.get("/sellers/anna")).text


async def test_the_cookie_is_not_the_token_and_no_script_or_other_site_gets_it(site: Site) -> None:
    entered = await site.login()

    (cookie,) = entered.headers.get_list("set-cookie")
    assert TOKEN not in cookie
    for word in ("httponly", "samesite=strict", "path=/", "max-age="):
        assert word in cookie.lower()


@pytest.mark.parametrize("token", ["", "wrong", TOKEN[:-1], TOKEN + "x", "\N{SNOWMAN}" * 20])
async def test_a_wrong_token_does_not_open(site: Site, token: str) -> None:
    answer = await site.browser.post("/login", data={"token": token})

    assert answer.status_code == 401
    assert "This is not the token" in answer.text
    assert (await site.browser.get("/")).status_code == 303


@pytest.mark.parametrize(
    "to", ["https://evil.example/", "//evil.example", "/\\evil.example", "/sellers/../x", "javascript:alert(1)", "/logout"]
)
async def test_the_login_leads_nowhere_else(site: Site, to: str) -> None:
    form = Page(await site.browser.get("/login", params={"next": to}))
    entered = await site.browser.post("/login", data={"next": to, "token": TOKEN})

    assert form.forms["/login"]["next"] == "/"
    assert entered.headers["location"] == "/"


async def test_a_forged_or_foreign_cookie_does_not_open(site: Site, open_site: Callable[..., Site]) -> None:
    await site.login()
    ours = site.browser.cookies[COOKIE]
    other = open_site(token="another token of another house")
    for cookie in ("", ".", "..", "9999999999.x.", ours[:-1], ours + "0", ours.replace(".", "1.", 1), "\u00ff", "9" * 5000):
        async with site.visitor() as stranger:
            answer = await stranger.get("/", headers={b"cookie": f"{COOKIE}={cookie}".encode("latin-1")})
            assert answer.status_code == 303, cookie
    async with other.visitor(Cookie=f"{COOKIE}={ours}") as stranger:
        assert (await stranger.get("/")).status_code == 303


def test_a_session_ends_after_twelve_hours() -> None:
    now = [1_800_000_000.0]
    access = Access(TOKEN, lambda: now[0])
    cookie = access.begin().cookie

    now[0] += LASTS_S - 1
    before = is_open(access, cookie)
    now[0] += 2

    assert (before, is_open(access, cookie)) == (True, False)


def is_open(access: Access, cookie: str) -> bool:
    try:
        return not access.session(asked_with(cookie)).new
    except LoginNeededError:
        return False


def asked_with(cookie: str, method: str = "GET") -> Request:
    headers = [(b"cookie", f"{COOKIE}={cookie}".encode()), (b"host", b"localhost")]
    return Request({"type": "http", "method": method, "path": "/", "scheme": "http", "headers": headers})


def test_while_a_token_is_replaced_both_open_everywhere_and_log_ins_and_forms_go_on() -> None:
    first, replacing, last = Access(OLD, second=NEW), Access(NEW, second=OLD), Access(NEW)
    earlier, later = first.begin(), replacing.begin()

    for access in (first, replacing):
        assert access.is_token(OLD)
        assert access.is_token(NEW)
        for session in (earlier, later):
            assert is_open(access, session.cookie)
            assert access.pressed(asked_with(session.cookie, "POST"), {"form_token": session.form_token}) == Session(
                session.cookie, session.form_token
            )
    assert (last.is_token(OLD), last.is_token(NEW)) == (False, True)
    assert (is_open(last, earlier.cookie), is_open(last, later.cookie)) == (False, True)


async def test_logging_out_ends_it(site: Site) -> None:
    page = await site.page("/")

    left = await site.browser.post("/logout", data=page.forms["/logout"])

    assert left.status_code == 303
    assert (await site.browser.get("/")).status_code == 303


async def test_a_button_without_the_forms_token_is_refused(site: Site) -> None:
    mine = (await site.page("/sellers/anna")).forms["/sellers/anna/pause"]["form_token"]
    theirs: Session = site.context.access.begin()
    for token in (
        {"reason": "x"},
        {"form_token": ""},
        {"form_token": mine[:-1]},
        {"form_token": theirs.form_token},
        {"form_token": "\u00ff"},
    ):
        answer = await site.browser.post("/sellers/anna/pause", data=token)
        assert answer.status_code == 403
        assert "out of date" in answer.text


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}])
async def test_a_form_that_another_site_sent_is_refused(site: Site, headers: dict[str, str]) -> None:
    form = (await site.page("/sellers/anna")).forms["/sellers/anna/pause"]

    pressed = await site.browser.post("/sellers/anna/pause", data=form, headers=headers)
    login = await site.browser.post("/login", data={"token": TOKEN}, headers=headers)

    assert (pressed.status_code, login.status_code) == (403, 403)
    assert "another site" in pressed.text


async def test_without_a_session_a_button_leads_to_the_login(site: Site) -> None:
    answer = await site.browser.post("/sellers/anna/pause", data={"form_token": "x"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2F")


async def test_without_a_token_this_machine_is_served(open_site: Callable[..., Site]) -> None:
    for visitor, host in (("127.0.0.1", "localhost:8080"), ("127.8.8.8", "127.0.0.1"), ("::1", "[::1]:8080")):
        site = open_site(token=None, visitor=visitor, host=host)
        answers = [await site.browser.get(path) for path in ("/", "/sellers/anna", "/v1/changes")]
        assert [answer.status_code for answer in answers] == [200, 200, 200], host
        assert (await site.browser.get("/login")).headers["location"] == "/"


@pytest.mark.parametrize(
    ("given", "headers"),
    [
        ({"visitor": "203.0.113.7"}, {}),
        ({"visitor": "10.0.0.3"}, {}),
        ({"host": "evil.example"}, {}),  # a name of theirs that leads here
        ({"host": "localhost.evil.example:8080"}, {}),
        ({}, {"Host": "[::1"}),
        ({}, {"Host": "local host"}),
        ({}, {"X-Forwarded-For": "203.0.113.7"}),  # a proxy on this machine
        ({}, {"Forwarded": "for=203.0.113.7"}),
        ({}, {"Via": "1.1 proxy"}),
    ],
)
async def test_without_a_token_nobody_else_is_served(
    open_site: Callable[..., Site], given: dict[str, str], headers: dict[str, str]
) -> None:
    site = open_site(token=None, **given)

    for path in ("/", "/sellers/anna", "/v1/changes"):
        answer = await site.browser.get(path, headers=headers)
        assert answer.status_code == 403, path
        assert "SELLERBEAT_ADMIN_TOKEN" in answer.text


async def test_without_a_token_another_sites_form_is_refused_too(open_site: Callable[..., Site]) -> None:
    site = open_site(token=None)

    blind = await site.browser.post("/sellers/anna/pause", data={"reason": "evil"})
    page = await site.page("/sellers/anna")
    crossed = await site.browser.post(
        "/sellers/anna/pause", data=page.forms["/sellers/anna/pause"], headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert (blind.status_code, crossed.status_code) == (403, 403)
