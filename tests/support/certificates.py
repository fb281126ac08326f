"""Certificates for tests: an authority of one's own, and servers that it vouches for. Nothing touches a disk but for a moment."""

from __future__ import annotations

import ssl
import tempfile
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


class Authority:
    """A certificate authority that lives as long as the test."""

    def __init__(self, name: str = "Sellerbeat's tests") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = named(name)
        basic = x509.BasicConstraints(ca=True, path_length=0)
        self.certificate = self.begun(self.name, self.key.public_key()).add_extension(basic, True).sign(self.key, SHA256())
        self.pem = self.certificate.public_bytes(Encoding.PEM)

    def begun(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, days: int = 1) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        begin = now + timedelta(days=min(days, 0) - 1)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key)
        return builder.serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(now + timedelta(days=days))

    def server(self, *hosts: str, days: int = 1) -> ssl.SSLContext:
        """A server that may call itself so; with negative `days` its certificate has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([alternative(host) for host in hosts])
        certificate = self.begun(named(hosts[0]), key.public_key(), days).add_extension(names, False).sign(self.key, SHA256())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "server.pem")
            secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            path.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
            context.load_cert_chain(path)
        return context

    def client(self) -> ssl.SSLContext:
        """Trusts this authority alone."""
        return ssl.create_default_context(cadata=self.pem.decode("ascii"))
