"""eBay's consent page, `GET /oauth2/authorize`: who one is, and whether one agrees. Its answer is a redirect with a code, or without.

The page asks for a seller instead of a password. The redirect name (RuName) stands for two addresses that an application named before:
`Accounts.redirects`, or `POST /simulator/redirect`.
"""

from html import escape
from urllib.parse import parse_qs, urlencode

from simulator.answers import Answer
from simulator.requests import Request
from simulator.world import World

PATH = "/oauth2/authorize"
PAGE = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Simulated eBay: consent</title>
<h1>Simulated eBay</h1><p>{client} asks for access to your account:</p><ul>{scopes}</ul>
<form method="post"><label>You are <select name="seller">{sellers}</select></label>
<button name="answer" value="agree">Agree and continue</button> <button name="answer" value="decline">Not now</button></form></html>"""


def answer(world: World, request: Request, body: bytes) -> Answer:
    """The page, and what its two buttons do. What an application did wrong is told to nobody but the person: no redirect, as at eBay."""
    query = request.query
    accounts = world.accounts
    addresses = accounts.redirects.get(query.get("redirect_uri", ""))
    scopes = query.get("scope", "").split()
    asks = query.get("client_id", "")
    if asks not in (accounts.client_id, *accounts.keysets) or addresses is None or query.get("response_type") != "code" or not scopes:
        return _page(400, "<!doctype html><title>Simulated eBay</title><p>The application asked in a wrong way.</p>")
    if request.method == "GET":
        asked_for = {seller for seller, _ in world.calls}  # whom nobody reads yet comes first: most likely it is they who are here
        rows = "".join(f"<option>{escape(name)}</option>" for name in sorted(world.sellers, key=lambda name: name in asked_for))
        asked = "".join(f"<li>{escape(scope)}</li>" for scope in scopes)
        return _page(200, PAGE.format(client=escape(asks), scopes=asked, sellers=rows))
    form = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
    state = {"state": query["state"]} if "state" in query else {}
    if form.get("answer") != "agree" or form.get("seller") not in world.sellers:
        return _to(addresses[1], {"error": "access_denied", **state})
    code = accounts.consent(form["seller"], scopes, query["redirect_uri"], None if asks == accounts.client_id else asks)
    return _to(addresses[0], {**state, "code": code, "expires_in": "299"})


def _page(status: int, body: str) -> Answer:
    return Answer(status, body, {"Content-Type": "text/html;charset=utf-8"})


def _to(address: str, query: dict[str, str]) -> Answer:
    return Answer(302, "", {"Location": f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"})
