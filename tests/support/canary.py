"""A buyer and tokens that are searched for afterwards: words that occur nowhere else, and the shapes in which bytes may hide them."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

BUYER = {
    "username": "tweety4711user",
    "fullName": 'Tweety4711 "Canáry" Full',
    "addressLine1": "4711 Tweetystreet",
    "addressLine2": "Tweetyfloor4711",
    "email": "tweety4711@canary.example",
    "phoneNumber": "0047114711555",
    "buyerCheckoutNotes": "tweety4711notes, ring twice",
    "giftMessage": "tweety4711gift",
    "taxpayerId": "TW4711EETYTAX",
}


def put_buyer(order: dict[str, Any]) -> None:
    """All of the canary, in all the places where eBay's orders have buyers."""
    contact = {
        "fullName": BUYER["fullName"],
        "contactAddress": {"addressLine1": BUYER["addressLine1"], "addressLine2": BUYER["addressLine2"], "countryCode": "US"},
        "primaryPhone": {"phoneNumber": BUYER["phoneNumber"]},
        "email": BUYER["email"],
    }
    order["buyer"] = {
        "username": BUYER["username"],
        "buyerRegistrationAddress": contact,
        "taxIdentifier": {"taxpayerId": BUYER["taxpayerId"], "taxIdentifierType": "CODICE_FISCALE"},
    }
    order["fulfillmentStartInstructions"][0]["shippingStep"]["shipTo"] = contact
    order["buyerCheckoutNotes"] = BUYER["buyerCheckoutNotes"]
    order["lineItems"][0]["giftDetails"] = {"message": BUYER["giftMessage"], "recipientEmail": BUYER["email"]}


def everything() -> str:
    """The canary in a line of text, for error messages and pages that quote whom they concern."""
    return " | ".join(BUYER.values())


def shapes(secret: str) -> Iterator[bytes]:
    """Plain, in JSON, in an address, in a form, in hex, and in base64 wherever it begins within a group of three bytes."""
    plain = secret.encode()
    yield plain
    yield json.dumps(secret)[1:-1].encode()
    yield json.dumps(secret, ensure_ascii=False)[1:-1].encode()
    yield quote(secret, safe="").encode()
    yield quote_plus(secret).encode()
    yield plain.hex().encode()
    for before in range(3):
        for encode in (b64encode, urlsafe_b64encode):
            padded = encode(b"\0" * before + plain)
            yield padded[-(-before * 8 // 6) : (before + len(plain)) * 8 // 6]  # letters that our bytes alone decide


def found(secrets: Iterable[str], places: dict[str, bytes]) -> list[tuple[str, str]]:
    """Which secret is where, in whatever shape. Tokens are told by their ends only, so that a failing test does not print one."""
    needles = {shape: secret for secret in secrets for shape in shapes(secret)}
    return sorted({(secret[-12:], place) for place, content in places.items() for needle, secret in needles.items() if needle in content})
