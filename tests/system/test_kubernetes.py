"""The manifests as kustomize builds them, by Kubernetes's own schemas; the image's recipe; and probes and signals on the processes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
import yaml

from simulator import World
from tests.deploy.test_kubernetes import DOORS, PROBES, containers
from tests.support.house import ROOT, House
from tests.support.waiting import PATIENCE_S, eventually_here
from tests.system.programs import free_port

Opened = Callable[..., House]
FOLDER = ROOT / "deploy" / "kubernetes"
MONITORS = ("ServiceMonitor", "PodMonitor")
KUSTOMIZE = "sigs.k8s.io/kustomize/kustomize/v5@v5.7.1"


@pytest.fixture(scope="session")
def kustomize(needs: Callable[[str, str], str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Its path: on PATH, or built by Go once a run."""
    if found := shutil.which("kustomize"):
        return found
    go = needs("go", f"install kustomize, or Go, which builds {KUSTOMIZE}")
    folder = tmp_path_factory.mktemp("kustomize")
    done = subprocess.run([go, "install", KUSTOMIZE], env=os.environ | {"GOBIN": str(folder)}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return str(folder / "kustomize")


@pytest.fixture(scope="session")
def built(kustomize: str) -> list[dict[str, Any]]:
    done = subprocess.run([kustomize, "build", str(FOLDER / "example")], capture_output=True, text=True, check=True)
    return list(yaml.safe_load_all(done.stdout))


def valid(tmp_path: Path, objects: list[dict[str, Any]]) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "objects.yaml"
    file.write_text(yaml.safe_dump_all(objects), encoding="utf-8")
    checker = [str(Path(sys.executable).with_name("kubernetes-validate")), "--strict", str(file)]
    return subprocess.run(checker, capture_output=True, text=True, check=False)


def test_what_kustomize_builds_is_valid_for_kubernetes(built: list[dict[str, Any]], tmp_path: Path) -> None:
    ours = [one for one in built if one["kind"] not in MONITORS]
    broken = json.loads(json.dumps(ours).replace("terminationGracePeriodSeconds", "terminationGracePeriod"))

    assert len(ours) == 11
    assert valid(tmp_path, ours).returncode == 0
    assert valid(tmp_path, broken).returncode == 1


def test_the_monitors_are_as_prometheus_operator_takes_them(built: list[dict[str, Any]]) -> None:
    schema = json.loads(Path(__file__).with_name("service_monitor.json").read_text(encoding="utf-8"))
    monitors = [one for one in built if one["kind"] in MONITORS]

    for one in monitors:
        jsonschema_rs.validate(schema, one)
    assert sorted(one["kind"] for one in monitors) == ["PodMonitor", "ServiceMonitor"]
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(schema, monitors[0] | {"spec": {"endpoint": []}})


def test_the_overlay_sets_image_number_and_clients_id(built: list[dict[str, Any]]) -> None:
    deployments = {one["metadata"]["name"]: one for one in built if one["kind"] == "Deployment"}
    (shared,) = (one["data"] for one in built if one["kind"] == "ConfigMap")
    images = {one["spec"]["template"]["spec"]["containers"][0]["image"] for one in deployments.values()}

    assert images == {"registry.example.com/sellerbeat:0.1.0"}
    assert deployments["sellerbeat-worker"]["spec"]["replicas"] == 3
    assert "SELLERBEAT_EBAY_CLIENT_ID" in shared
    assert {one["metadata"]["namespace"] for one in built} == {"sellerbeat"}


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    checker = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([checker, str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", ["sellerbeat-worker", "sellerbeat-web"])
def test_the_process_answers_its_probes_and_ends_within_its_grace(open_house: Opened, name: str) -> None:
    pod, container = containers()[name]
    program, port = container["args"][0], free_port()
    house = open_house(World(seed=7), admin_token="a token of 16 characters")
    child = house.child(name, str(ROOT / program), **{DOORS[program]: f"127.0.0.1:{port}"})

    def status(probe: str) -> int:
        try:
            return httpx.get(f"http://127.0.0.1:{port}{container[probe]['httpGet']['path']}", timeout=PATIENCE_S).status_code
        except httpx.TransportError:
            return 0

    eventually_here(lambda: all(status(probe) == 200 for probe in PROBES))
    code = child.end(signal.SIGTERM, within=pod["terminationGracePeriodSeconds"])

    assert code == 0
    assert not re.search("Traceback", child.output())
