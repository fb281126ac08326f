"""docker-compose.yml and Dockerfile say what the processes understand. No Docker here: its schema, and the files they name."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import worker
from activities.delivering.alert_messenger import THREADS as ALERT_THREADS
from inbox import inbox
from serving import context
from settings import PREFIX, SECRETS, Settings, load
from workflows import delivering

HOUSE = Path(__file__).resolve().parents[2]
COMPOSE = HOUSE / "docker-compose.yml"
OURS = {"migrate", "worker", "web"}
URL = "postgresql://sellerbeat_worker:a-password@postgres:5432/sellerbeat"
SAMPLES = {"worker_url": URL, "owner_url": URL, "secret_keys": "A" * 43 + "=", "ebay_client_secret": "s", "admin_token": "a" * 16}
TEXT = COMPOSE.read_text(encoding="utf-8")
MONITORING = {"prometheus", "grafana"}


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    return found


def secrets() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = yaml.safe_load(TEXT)["secrets"]
    return found


def valid(file: Path) -> bool:
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    return subprocess.run(checker, capture_output=True, check=False).returncode == 0


def test_the_compose_file_is_valid_by_the_compose_schema(tmp_path: Path) -> None:
    broken = tmp_path / "compose.yml"
    broken.write_text(COMPOSE.read_text(encoding="utf-8").replace("healthcheck:", "health_check:", 1), encoding="utf-8")

    assert valid(COMPOSE)
    assert not valid(broken)


def test_every_setting_in_the_compose_file_exists() -> None:
    named = set(re.findall(PREFIX + r"[A-Z_]+", TEXT))
    of_files = {f"{secret}_FILE" for secret in SECRETS}

    assert len(named) >= 4
    assert len(named & of_files) == 4
    assert {name.removeprefix(PREFIX).lower() for name in named - of_files} <= set(Settings.model_fields)


def test_ports_are_open_on_this_machine_only() -> None:
    ports = [port for service in services().values() for port in service.get("ports", [])]

    assert len(ports) == 5
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


def test_every_server_has_a_health_check_and_what_waits_for_it_says_for_what() -> None:
    waiting = {
        (name, on, awaited["condition"]) for name, service in services().items() for on, awaited in service.get("depends_on", {}).items()
    }
    servers = {name for name, service in services().items() if service["restart"] == "unless-stopped"}
    ended = {on for _, on, condition in waiting if condition == "service_completed_successfully"}

    assert {condition for _, _, condition in waiting} == {"service_healthy", "service_completed_successfully"}
    assert {on for _, on, condition in waiting if condition == "service_healthy"} <= servers
    assert ended == services().keys() - servers
    assert "HEALTHCHECK" in (HOUSE / "Dockerfile").read_text(encoding="utf-8")
    assert [name for name in servers - OURS if "healthcheck" not in services()[name]] == []


def test_no_secret_is_written_in_the_compose_file() -> None:
    values = {key: str(value) for service in services().values() for key, value in service.get("environment", {}).items()}
    secret = {key: value for key, value in values.items() if re.search("PASSWORD|PWD|TOKEN|KEY|DATABASE_URL", key)}

    assert len(secret) >= 4
    assert [key for key, value in secret.items() if not value.startswith("/run/secrets/") and value not in secrets()] == []


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_processes_are_started_with_files_of_the_image_and_settings_that_they_take(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from deploy.native.compose import services as filled

    service = filled({})[name]
    allowed = (HOUSE / ".dockerignore").read_text(encoding="utf-8").split()
    for key, value in service.environment.items():
        (tmp_path / Path(value).name).write_text(SAMPLES.get(Path(value).name, ""))
        monkeypatch.setenv(key, value.replace("/run/secrets", str(tmp_path)))

    settings = load("database_url", env_file=tmp_path / "none")

    assert f"!{service.words[0]}" in allowed
    assert (HOUSE / service.words[0]).exists()
    assert settings.database_url
    assert "a-password@postgres:5432" in settings.database_url.get_secret_value()
    assert settings.admin_token is None or name == "web"


def test_the_systemd_units_start_files_that_exist_and_give_a_worker_time_to_end() -> None:
    units = {path.name: path.read_text(encoding="utf-8") for path in (HOUSE / "deploy" / "systemd").glob("*.service")}
    started = {name: re.findall(r"^ExecStart=/opt/sellerbeat/\.venv/bin/python (\S+)", unit, re.M) for name, unit in units.items()}

    assert len(units) == 3
    assert all(len(files) == 1 and (HOUSE / files[0]).exists() for files in started.values()), started
    assert "TimeoutStopSec=30" in units["sellerbeat-worker@.service"]


def test_the_image_holds_every_room_that_the_processes_need() -> None:
    allowed = set((HOUSE / ".dockerignore").read_text(encoding="utf-8").split())

    needed = imported_by("worker.py", "web.py", "starter.py")

    assert {"store", "settings.py", "workflows"} <= needed
    assert {room for room in needed if f"!{room}" not in allowed} == set()


def imported_by(*processes: str) -> set[str]:
    """Rooms and files of ours that a process loads, found by loading it."""
    program = "import sys; import runpy; [runpy.run_path(p, run_name='looked_at') for p in sys.argv[1:]]; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program, *processes], cwd=HOUSE, capture_output=True, text=True, check=True)
    names = {name.partition(".")[0] for name in done.stdout.split()}
    return {name for name in names if (HOUSE / name / "__init__.py").exists()} | {f"{n}.py" for n in names if (HOUSE / f"{n}.py").exists()}


def test_postgres_has_connections_for_three_workers_web_and_temporal() -> None:
    (most,) = re.findall(r"max_connections=(\d+)", " ".join(services()["postgres"]["command"]))
    a_worker, temporal = worker.THREADS + 1 + delivering.CONNECTIONS + 1, 120
    web = context.CONNECTIONS + inbox.THREADS + ALERT_THREADS + 1

    assert f"a worker takes up to {a_worker}, web {web}" in COMPOSE.read_text(encoding="utf-8")
    assert f"up to {a_worker} connections" in (HOUSE / "docs/how-to/deploy.md").read_text(encoding="utf-8")
    assert int(most) >= 3 * a_worker + web + temporal
