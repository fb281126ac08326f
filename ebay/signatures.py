"""How eBay signs what it sends: `X-EBAY-SIGNATURE` of the Notification API, and its challenge. Pure: the key is given.

The header is base64 of JSON `{"alg": "ecdsa", "kid", "signature", "digest"}`; the signature is ECDSA on P-256, in DER, over the body as it
came. Checked with the vectors of eBay's own SDK (github.com/eBay/event-notification-nodejs-sdk): digest SHA1. eBay has also shown SHA256.
"""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

LONGEST_HEADER = 2048  # characters; eBay's have some 300
LONGEST_SIGNATURE = 80  # bytes: two numbers of 33 and their DER frame are 72
KID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")  # eBay's are UUIDs; what this lets pass leads nowhere else as a part of an address
DIGESTS = {"SHA1": SHA1, "SHA256": SHA256}
ARMOUR = re.compile(r"\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]{1,1000})-----END PUBLIC KEY-----\s*")


@dataclass(frozen=True, slots=True)
class Signature:
    """What the header says; nothing of it is proven yet."""

    kid: str
    digest: str
    value: bytes = field(repr=False)  # DER


def read_signature(header: str) -> Signature | None:
    """The header's four parts; None for anything that is not exactly of eBay's form."""
    decoded = strict_base64(header) if len(header) <= LONGEST_HEADER else None
    try:
        parts: Any = json.loads(decoded or b"", object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return None
    if not isinstance(parts, dict) or not all(isinstance(parts.get(name), str) for name in ("alg", "kid", "signature", "digest")):
        return None
    if parts["alg"].lower() != "ecdsa" or parts["digest"] not in DIGESTS or not KID.fullmatch(parts["kid"]):
        return None
    value = strict_base64(parts["signature"])
    if not value or len(value) > LONGEST_SIGNATURE:
        return None
    return Signature(parts["kid"], parts["digest"], value)


def read_key(text: str) -> EllipticCurvePublicKey | None:
    """The key of getPublicKey: PEM without line breaks. None: not a key on P-256."""
    armoured = ARMOUR.fullmatch(text)
    der = strict_base64("".join(armoured[1].split())) if armoured else None
    try:
        key = load_der_public_key(der or b"")
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1) else None


def is_signed(body: bytes, signature: Signature, key: EllipticCurvePublicKey) -> bool:
    """Whether eBay signed exactly these bytes. The digest is the header's word, and none but these two."""
    try:
        key.verify(signature.value, body, ECDSA(DIGESTS[signature.digest]()))
    except InvalidSignature:
        return False
    return True


def challenge_response(code: str, token: str, endpoint: str) -> str:
    """The answer to eBay's `GET endpoint?challenge_code=...`: hex, of the three in this order; `endpoint` as it was registered."""
    return hashlib.sha256(f"{code}{token}{endpoint}".encode()).hexdigest()


def strict_base64(text: str) -> bytes | None:
    """None where it is not the one way to write those bytes: other letters, missing or idle padding, stray bits."""
    try:
        decoded = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if base64.b64encode(decoded).decode() == text else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers must not see two headers."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found
