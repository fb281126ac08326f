"""Signatures of notifications, by the vectors of eBay's own SDK and by every way we know to spoil them.

`signature_vectors.json`: header, body and key of github.com/eBay/event-notification-nodejs-sdk, test/test.json (commit feaf3378), copyright
eBay Inc., Apache License 2.0; the bodies written compactly, as eBay signed them.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from ebay.signatures import challenge_response, is_signed, read_key, read_signature

VECTORS = json.loads(Path(__file__).with_name("signature_vectors.json").read_text())
HEADER, BODY, KEY = VECTORS["VALID"]["header"], VECTORS["VALID"]["body"].encode(), VECTORS["VALID"]["key"]
PARTS: dict[str, Any] = json.loads(base64.b64decode(HEADER))
DER = base64.b64decode(PARTS["signature"])
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (SEC 2)


def passes(header: str, body: bytes = BODY, key: str = KEY) -> bool:
    signature, public = read_signature(header), read_key(key)
    return signature is not None and public is not None and is_signed(body, signature, public)


def header(**parts: Any) -> str:
    """The valid one with other parts; None leaves one out."""
    written = {name: value for name, value in (PARTS | parts).items() if value is not None}
    return encoded(json.dumps(written, separators=(",", ":")))


def encoded(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def of_der(der: bytes) -> str:
    return header(signature=encoded(der))


def der(r: int, s: int) -> bytes:
    def number(value: int) -> bytes:
        raw = value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)
        return b"\x02" + bytes([len(raw)]) + raw

    inside = number(r) + number(s)
    return b"\x30" + bytes([len(inside)]) + inside


def test_ebays_own_vectors_get_ebays_own_verdicts() -> None:
    verdicts = {name: passes(one["header"], one["body"].encode(), one["key"] or "") for name, one in VECTORS.items()}

    assert verdicts == {"VALID": True, "INVALID": False, "SIGNATURE_MISMATCH": False, "ERROR": False}


MUTATIONS: dict[str, Callable[[], tuple[str, bytes]]] = {
    "one bit of the body": lambda: (HEADER, BODY[:100] + bytes([BODY[100] ^ 1]) + BODY[101:]),
    "the last byte of the body missing": lambda: (HEADER, BODY[:-1]),
    "a line break behind the body": lambda: (HEADER, BODY + b"\n"),
    "a byte order mark before the body": lambda: (HEADER, b"\xef\xbb\xbf" + BODY),
    "the body written with blanks": lambda: (HEADER, json.dumps(json.loads(BODY)).encode()),
    "the body's names in another order": lambda: (HEADER, json.dumps(json.loads(BODY), sort_keys=True, separators=(",", ":")).encode()),
    "an empty body": lambda: (HEADER, b""),
    "digest SHA256": lambda: (header(digest="SHA256"), BODY),
    "digest sha1 in small letters": lambda: (header(digest="sha1"), BODY),
    "digest SHA-1": lambda: (header(digest="SHA-1"), BODY),
    "digest MD5": lambda: (header(digest="MD5"), BODY),
    "digest NONE": lambda: (header(digest="NONE"), BODY),
    "no digest": lambda: (header(digest=None), BODY),
    "a digest that is a list": lambda: (header(digest=["SHA1"]), BODY),
    "alg none": lambda: (header(alg="none"), BODY),
    "alg HMAC": lambda: (header(alg="HS256"), BODY),
    "no alg": lambda: (header(alg=None), BODY),
    "no kid": lambda: (header(kid=None), BODY),
    "an empty kid": lambda: (header(kid=""), BODY),
    "a kid that climbs": lambda: (header(kid="../../sell/fulfillment/v1/order"), BODY),
    "a kid with an address": lambda: (header(kid="https://evil.example/key"), BODY),
    "a kid with a query": lambda: (header(kid=PARTS["kid"] + "?x=1"), BODY),
    "a kid with a line break": lambda: (header(kid=PARTS["kid"] + "\n"), BODY),
    "a kid of 101 characters": lambda: (header(kid="a" * 101), BODY),
    "a kid that is a number": lambda: (header(kid=9936261), BODY),
    "no signature": lambda: (header(signature=None), BODY),
    "an empty signature": lambda: (header(signature=""), BODY),
    "a signature in URL-safe base64": lambda: (header(signature=base64.urlsafe_b64encode(DER + b"\xff").decode()), BODY),
    "a signature with a blank in it": lambda: (header(signature=PARTS["signature"][:20] + " " + PARTS["signature"][20:]), BODY),
    "a header with stray bits in its last letter": lambda: (HEADER.removesuffix("Q==") + "R==", BODY),
    "the signature in hex": lambda: (header(signature=DER.hex()), BODY),
    "the signature as two plain numbers (P1363)": lambda: (of_der(DER[-32:] + DER[-32:]), BODY),
    "one bit of the signature": lambda: (of_der(DER[:40] + bytes([DER[40] ^ 1]) + DER[41:]), BODY),
    "a byte behind the signature": lambda: (of_der(DER + b"\x00"), BODY),
    "a signature cut short": lambda: (of_der(DER[:-1]), BODY),
    "a signature with a long form of its length": lambda: (of_der(b"\x30\x81" + DER[1:]), BODY),
    "a signature of no fixed length (BER)": lambda: (of_der(b"\x30\x80" + DER[2:] + b"\x00\x00"), BODY),
    "zero and zero": lambda: (of_der(der(0, 0)), BODY),
    "one and zero": lambda: (of_der(der(1, 0)), BODY),
    "the curve's order twice": lambda: (of_der(der(ORDER, ORDER)), BODY),
    "negative numbers": lambda: (of_der(der(-1, -1)), BODY),
    "a signature of 64 KB": lambda: (of_der(DER + b"\x00" * 65536), BODY),
    "no header": lambda: ("", BODY),
    "a header that is no base64": lambda: ("not base64!", BODY),
    "a header without its padding": lambda: (HEADER.rstrip("="), BODY),
    "a header with a blank before it": lambda: (" " + HEADER, BODY),
    "a header with a line break in it": lambda: (HEADER[:50] + "\n" + HEADER[50:], BODY),
    "a header twice": lambda: (f"{HEADER}, {HEADER}", BODY),
    "a header that is a list": lambda: (encoded(json.dumps([PARTS])), BODY),
    "a header that is a text": lambda: (encoded(json.dumps("SHA1")), BODY),
    "a header that is null": lambda: (encoded("null"), BODY),
    "a header with a kid twice": lambda: (encoded('{"kid":"other",' + json.dumps(PARTS)[1:]), BODY),
    "a header nested deeply": lambda: (encoded("[" * 1500), BODY),
    "a header that is too long": lambda: (header(more="x" * 2048), BODY),
    "a header of bytes that are no text": lambda: (encoded(b"\xff\xfe\x00"), BODY),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_spoilt_vector_is_refused(name: str) -> None:
    spoilt, body = MUTATIONS[name]()

    assert (spoilt, body) != (HEADER, BODY)
    assert passes(HEADER)
    assert not passes(spoilt, body)


@given(st.integers(0, len(BODY) * 8 - 1))
def test_every_bit_of_the_body_counts(place: int) -> None:
    at, bit = divmod(place, 8)

    assert not passes(HEADER, BODY[:at] + bytes([BODY[at] ^ 1 << bit]) + BODY[at + 1 :])


@given(st.one_of(st.text(), st.binary().map(lambda raw: base64.b64encode(raw).decode())))
def test_no_header_makes_more_than_a_refusal(text: str) -> None:
    assert read_signature(text) is None


@pytest.mark.parametrize(("digest", "algorithm"), [("SHA1", SHA1()), ("SHA256", SHA256())])
def test_the_headers_digest_decides_between_the_two_that_ebay_uses(digest: str, algorithm: Any) -> None:
    own = ec.generate_private_key(ec.SECP256R1())
    signed = own.sign(BODY, ec.ECDSA(algorithm))
    other = "SHA256" if digest == "SHA1" else "SHA1"

    assert passes(header(digest=digest, signature=encoded(signed)), BODY, pem(own.public_key()))
    assert not passes(header(digest=other, signature=encoded(signed)), BODY, pem(own.public_key()))


def pem(key: Any) -> str:
    return f"-----BEGIN PUBLIC KEY-----{encoded(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))}-----END PUBLIC KEY-----"


def test_a_key_with_line_breaks_is_read_too() -> None:
    broken = KEY.replace("-----BEGIN PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----\n").replace("-----END", "\n-----END")

    assert passes(HEADER, BODY, broken + "\n")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "-----BEGIN PUBLIC KEY----------END PUBLIC KEY-----",
        KEY.replace("MFkw", "MFkx"),
        KEY[:-40],
        KEY.replace("PUBLIC KEY", "PRIVATE KEY"),
        pem(ec.generate_private_key(ec.SECP384R1()).public_key()),
        pem(ec.generate_private_key(ec.SECP256K1()).public_key()),
        pem(rsa.generate_private_key(65537, 2048).public_key()),
        "-----BEGIN PUBLIC KEY-----" + "A" * 5000 + "-----END PUBLIC KEY-----",
    ],
    ids=["empty", "nothing inside", "no DER", "cut short", "private", "P-384", "secp256k1", "RSA", "too long"],
)
def test_what_is_no_key_on_p256_is_none(key: str) -> None:
    assert read_key(key) is None


def test_sha384_is_not_what_ebay_signs_with() -> None:
    own = ec.generate_private_key(ec.SECP256R1())

    assert not passes(header(digest="SHA384", signature=encoded(own.sign(BODY, ec.ECDSA(SHA384())))), BODY, pem(own.public_key()))


def test_a_challenge_is_answered_with_code_token_and_address_in_this_order() -> None:
    parts = (
        "71745723-d031-455c-bfa5-f90d11b4f20a",
        "a_token-of-32-to-80-characters-000",
        "https://sellerbeat.example.com/ebay/notifications",
    )
    expected = hashlib.sha256()
    for part in parts:
        expected.update(part.encode())

    assert challenge_response(*parts) == expected.hexdigest()
