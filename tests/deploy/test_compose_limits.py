"""What docker-compose.yml gives each container: no more rights, memory, log or secrets than it needs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.test_compose import COMPOSE, HOUSE, MONITORING, OURS, services

NAMES = sorted(services())
SCRIPT = HOUSE / "deploy" / "secrets.sh"


@pytest.mark.parametrize("name", NAMES)
def test_a_container_has_a_limit_of_memory_and_of_log_and_gains_no_rights(name: str) -> None:
    service = services()[name]

    assert service["deploy"]["resources"]["limits"]["memory"][-1] in "mg"
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("cap_drop") == ["ALL"] or name == "postgres"  # which changes its user at its start


@pytest.mark.parametrize("name", sorted(OURS | MONITORING | {"roles", "grants"}))
def test_what_writes_nowhere_can_write_nowhere(name: str) -> None:
    assert services()[name]["read_only"] is True


def test_the_number_of_workers_is_a_setting_and_nobody_publishes_their_metrics() -> None:
    assert services()["worker"]["deploy"]["replicas"] == "${WORKERS:-1}"
    assert "ports" not in services()["worker"]
    assert services()["web"]["ports"] == ["127.0.0.1:8080:8080"]


def test_the_web_ui_looks_and_touches_nothing_unless_it_is_asked_to() -> None:
    assert services()["temporal-ui"]["environment"]["TEMPORAL_DISABLE_WRITE_ACTIONS"] == "${TEMPORAL_UI_READ_ONLY:-true}"


def test_only_who_needs_a_secret_is_given_it_and_only_migrate_the_owners() -> None:
    given = {name: set(service.get("secrets", ())) for name, service in services().items()}
    named = {name: set(mentioned(service)) for name, service in services().items()}
    whole = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["secrets"]

    assert {name for name, secrets in given.items() if "postgres_password" in secrets} == {"postgres", "roles"}
    assert {name for name, secrets in given.items() if "owner_url" in secrets} == {"migrate"}
    assert {name: named[name] - given[name] for name in given if named[name] - given[name]} == {}
    assert set().union(*given.values()) == whole.keys()
    assert {name: secret["file"] for name, secret in whole.items()} == {name: f"./secrets/{name}" for name in whole}


def mentioned(service: Mapping[str, Any]) -> list[str]:
    values = map(str, service.get("environment", {}).values())
    return [value.removeprefix("/run/secrets/") for value in values if value.startswith("/run/secrets/")]


def test_prometheus_finds_every_worker_and_every_web_process_by_their_services() -> None:
    jobs = yaml.safe_load((HOUSE / "deploy/prometheus/compose.yml").read_text(encoding="utf-8"))["scrape_configs"]
    found = {one["dns_sd_configs"][0]["names"][0]: one["dns_sd_configs"][0]["port"] for one in jobs}
    shown = {name: int(services()[name]["environment"]["SELLERBEAT_METRICS_BIND"].rpartition(":")[2]) for name in ("worker", "web")}

    assert found == shown
    assert [one["dns_sd_configs"][0]["type"] for one in jobs] == ["A", "A"]
    assert services()["prometheus"]["profiles"] == services()["grafana"]["profiles"] == ["monitoring"]


def test_every_file_that_is_mounted_is_there() -> None:
    mounts = [volume.split(":")[0] for service in services().values() for volume in service.get("volumes", [])]

    assert [mount for mount in mounts if mount.startswith("./") and not (HOUSE / mount).exists()] == []


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "deploy").mkdir(mode=0o700)
    return tmp_path


def made(project: Path, env: str) -> subprocess.CompletedProcess[str]:
    (project / ".env").write_text(env, encoding="utf-8")
    return subprocess.run(["sh", str(SCRIPT)], cwd=project, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]})


def contents(project: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8").strip() for path in (project / "secrets").iterdir()}


def test_the_secrets_are_made_once_open_to_containers_and_closed_to_this_machines_others(project: Path) -> None:
    done = made(project, "SELLERBEAT_EBAY_CLIENT_SECRET='a#b^c|d'\n")
    first = contents(project)
    again = made(project, "")

    assert (done.returncode, again.returncode) == (0, 0), done.stderr + again.stderr
    assert "take its line out of .env" in done.stdout
    assert first.keys() == {*yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["secrets"], "temporal.env"}
    assert first["ebay_client_secret"] == "a#b^c|d"
    assert len(set(first.values())) == len(first)
    assert contents(project) == first
    assert f":{first['worker_password']}@postgres:5432/" in first["worker_url"]
    assert (project / "secrets").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (project / "secrets").iterdir()} == {0o444}
    assert (project / "deploy").stat().st_mode & 0o777 == 0o755


def test_an_installation_from_before_goes_on_with_its_password_and_keys(project: Path) -> None:
    env = 'POSTGRES_PASSWORD=former\nSELLERBEAT_SECRET_KEYS="k1,k2"\nSELLERBEAT_ADMIN_TOKEN=t\nSELLERBEAT_EBAY_CLIENT_SECRET=e\n'
    made(project, env)
    found = contents(project)

    assert {name: found[name] for name in ("secret_keys", "admin_token")} == {"secret_keys": "k1,k2", "admin_token": "t"}
    assert [found[f"{role}_password"] for role in ("postgres", "owner", "temporal")] == ["former"] * 3
    assert "former" not in (found["worker_password"], found["reader_password"])
    assert found["owner_url"] == "postgresql://sellerbeat:former@postgres:5432/sellerbeat"
    assert (project / ".env").read_text(encoding="utf-8") == f"{env}POSTGRES_ROLE=sellerbeat\n"


def test_without_ebays_secret_it_says_where_to_write_it(project: Path) -> None:
    done = made(project, "")

    assert done.returncode == 1
    assert "write the application's client secret (Cert ID) into secrets/ebay_client_secret" in done.stderr
