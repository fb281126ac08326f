"""deploy/kubernetes says what the processes understand: settings, secrets, ports, probes; and gives no more rights than are needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from settings import PREFIX, SECRETS, Settings

HOUSE = Path(__file__).resolve().parents[2]
FOLDER = HOUSE / "deploy" / "kubernetes"
MOUNTED = "/run/secrets/"
DOORS = {"worker.py": "SELLERBEAT_HEALTH_BIND", "web.py": "SELLERBEAT_WEB_BIND"}
PROBES = {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}


def objects(folder: str = "*") -> list[dict[str, Any]]:
    return [one for file in sorted(FOLDER.glob(f"{folder}/*.yaml")) for one in yaml.safe_load_all(file.read_text(encoding="utf-8"))]


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {one["metadata"]["name"]: one for one in objects() if one["kind"] == kind}


def containers() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """By the name of their pods' owner: the pod's spec and its only container."""
    pods = {name: one["spec"]["template"]["spec"] for kind in ("Deployment", "Job") for name, one in of_kind(kind).items()}
    return {name: (pod, pod["containers"][0]) for name, pod in pods.items()}


NAMES = sorted(containers())


def environment(container: dict[str, Any]) -> dict[str, str]:
    shared: dict[str, str] = of_kind("ConfigMap")["sellerbeat"]["data"]
    return {**shared, **{one["name"]: one["value"] for one in container.get("env", ())}}


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_exists_and_every_file_of_a_secret_is_mounted_and_has_a_key(name: str) -> None:
    pod, container = containers()[name]
    given = environment(container)
    named = {one for one in given if one.startswith(PREFIX)}
    of_files = {f"{secret}_FILE" for secret in SECRETS}
    places = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    secrets = {places[one["name"]]: one["secret"]["secretName"] for one in pod["volumes"] if "secret" in one}
    files = [value for value in given.values() if value.startswith(MOUNTED)]

    assert {one.removeprefix(PREFIX).lower() for one in named - of_files} <= set(Settings.model_fields)
    assert named & of_files == {one for one in named if one.endswith("_FILE")}
    assert len(files) >= 3
    for file in files:
        folder, _, key = file.rpartition("/")
        assert key in of_kind("Secret")[secrets[folder]]["stringData"], file


def test_no_secret_has_a_value_and_only_migrate_sees_the_owners() -> None:
    owners = {name for name, (pod, _) in containers().items() if "sellerbeat-owner" in str(pod["volumes"])}

    assert {value for one in of_kind("Secret").values() for value in one["stringData"].values()} == {""}
    assert owners == {"sellerbeat-migrate"}


@pytest.mark.parametrize("name", NAMES)
def test_a_container_runs_as_nobody_in_particular_writes_to_tmp_alone_and_has_a_limit_of_memory(name: str) -> None:
    pod, container = containers()[name]

    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert "memory" in container["resources"]["limits"]
    assert [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")] == ["/tmp"]
    assert (HOUSE / container["args"][0]).exists()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "sellerbeat-migrate"])
def test_the_probes_ask_where_the_process_listens(name: str) -> None:
    _, container = containers()[name]
    bind = environment(container)[DOORS[container["args"][0]]]
    ports = {one["name"]: one["containerPort"] for one in container["ports"]}

    for probe, path in PROBES.items():
        asked = container[probe]["httpGet"]
        assert asked["path"] == path
        assert f"0.0.0.0:{ports[asked['port']]}" == bind
    assert environment(container)["SELLERBEAT_METRICS_BIND"] == f"0.0.0.0:{ports['metrics']}"


def test_who_is_told_to_end_has_the_time_that_it_needs() -> None:
    import web
    import worker

    grace = {container["args"][0]: pod["terminationGracePeriodSeconds"] for pod, container in containers().values() if "ports" in container}

    assert grace["worker.py"] >= worker.GRACE.total_seconds() + 5
    assert grace["web.py"] >= 5 + web.GRACE_S + 5  # the hook before it, too


def test_what_selects_pods_selects_those_that_are_there() -> None:
    labels = [{"app.kubernetes.io/name": "sellerbeat", "app.kubernetes.io/component": part} for part in ("worker", "web")]
    selected = [one["spec"]["selector"] for kind in ("Deployment", "PodDisruptionBudget") for one in of_kind(kind).values()]
    services = [one["spec"]["selector"] for one in of_kind("Service").values()]

    assert sorted(map(str, (one["matchLabels"] for one in selected))) == sorted(map(str, labels * 2))
    assert services == [labels[1], labels[1]]


def test_every_file_is_listed_in_a_kustomization() -> None:
    for folder in ("base", "example"):
        listed = yaml.safe_load((FOLDER / folder / "kustomization.yaml").read_text(encoding="utf-8"))["resources"]
        there = {file.name for file in (FOLDER / folder).glob("*.yaml")} - {"kustomization.yaml"}

        assert {one for one in listed if one != "../base"} == there
