"""The samples for nginx and Caddy, as these programs read them, and what both must do for `web.py`."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.support.house import ROOT

FOLDER = ROOT / "deploy" / "proxies"
Needs = Callable[[str, str], str]


def test_nginx_takes_the_sample(needs: Needs, tmp_path: Path) -> None:
    nginx = needs("nginx", "apt-get install nginx")
    key, certificate = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=localhost",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    subprocess.run([needs("openssl", "apt-get install openssl"), *made[1:]], check=True, capture_output=True)
    sample = (FOLDER / "nginx.conf").read_text(encoding="utf-8").replace("/etc/ssl/sellerbeat", str(tmp_path))
    whole = tmp_path / "whole.conf"
    head = f"pid {tmp_path}/pid; error_log stderr; events {{}}\nhttp {{ access_log off;\n"
    broken = whole.with_name("broken.conf")
    whole.write_text(f"{head}{sample}}}\n", encoding="utf-8")
    broken.write_text(f"{head}{sample.replace('limit_conn ', 'limit_con ')}}}\n", encoding="utf-8")

    done, refused = (
        subprocess.run([nginx, "-t", "-c", str(file)], capture_output=True, text=True, check=False) for file in (whole, broken)
    )

    assert done.returncode == 0, done.stderr
    assert refused.returncode != 0


def test_caddy_takes_the_sample(needs: Needs) -> None:
    caddy = needs("caddy", "apt-get install caddy")
    done = subprocess.run(
        [caddy, "validate", "--adapter", "caddyfile", "--config", str(FOLDER / "Caddyfile")], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "Valid configuration" in done.stdout + done.stderr


def test_nginx_passes_on_the_visitors_own_address_alone_and_waits_as_long_as_the_feed() -> None:
    sample = (FOLDER / "nginx.conf").read_text(encoding="utf-8")

    assert "proxy_set_header X-Forwarded-For $remote_addr;" in sample
    assert "$proxy_add_x_forwarded_for" not in sample
    assert "proxy_read_timeout 75s;" in sample
