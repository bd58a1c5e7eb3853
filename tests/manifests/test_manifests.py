"""deploy/k8s: every overlay renders, fits the schemas strictly and keeps what operations rely on."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from eventlog import permissions

ROOT = Path(__file__).parents[2]
OVERLAYS = sorted(path.name for path in (ROOT / "deploy/k8s/overlays").iterdir())
SCHEMAS = ROOT / "deploy/k8s/schemas"
RENDER_SECONDS = 60
INSTALL_SECONDS = 300

Manifest = dict[str, Any]


@pytest.fixture(scope="session")
def kustomize() -> str:
    """The program, installed where it can be had."""
    maker = Path(os.environ.get("CONTAINER_LAB", ROOT.parent / "shared/tools/container-lab"))
    if shutil.which("kustomize") is None and maker.exists():
        subprocess.run([maker, "kube-tools"], check=True, capture_output=True, timeout=INSTALL_SECONDS)
    program = shutil.which("kustomize")
    if program is None:
        pytest.skip("kustomize is not installed, and there is no container-lab to install it")
    return program


@pytest.fixture(scope="session")
def rendered(kustomize: str) -> Callable[[str], list[Manifest]]:
    """The manifests of an overlay."""
    known: dict[str, list[Manifest]] = {}

    def render(overlay: str) -> list[Manifest]:
        if overlay not in known:
            ended = subprocess.run(
                [kustomize, "build", str(ROOT / "deploy/k8s/overlays" / overlay)],
                capture_output=True,
                text=True,
                timeout=RENDER_SECONDS,
            )
            assert ended.returncode == 0, ended.stderr
            assert "Warning" not in ended.stderr
            known[overlay] = list(yaml.safe_load_all(ended.stdout))
        return known[overlay]

    return render


@pytest.fixture(params=OVERLAYS)
def manifests(request: pytest.FixtureRequest, rendered: Callable[[str], list[Manifest]]) -> list[Manifest]:
    """The manifests of each overlay in turn."""
    return rendered(request.param)


def pods(manifests: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Name and pod specification of whatever runs."""
    for manifest in manifests:
        if manifest["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield manifest["metadata"]["name"], manifest["spec"]["template"]["spec"]


def named(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    return {each["metadata"]["name"]: each for each in manifests if each["kind"] == kind}


def test_every_manifest_fits_its_schema(manifests: list[Manifest]) -> None:
    for manifest in manifests:
        kind = f"{manifest['apiVersion'].replace('/', '_')}_{manifest['kind']}.json"
        if (SCHEMAS / kind).exists():
            jsonschema.validate(manifest, json.loads((SCHEMAS / kind).read_text()))
        else:
            kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)


def test_every_pod_is_restricted(manifests: list[Manifest]) -> None:
    for name, pod in pods(manifests):
        assert pod["securityContext"]["runAsNonRoot"], name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert pod["automountServiceAccountToken"] is False, name
        for container in pod["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, name
            assert context["readOnlyRootFilesystem"] is True, name
            assert context["capabilities"]["drop"] == ["ALL"], name
            assert set(context["capabilities"].get("add", [])) <= {"NET_BIND_SERVICE"}, name


def test_everything_that_serves_is_watched_and_bounded(manifests: list[Manifest]) -> None:
    serving = [each for each in manifests if each["kind"] in ("Deployment", "StatefulSet")]
    for manifest in serving:
        for container in manifest["spec"]["template"]["spec"]["containers"]:
            assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}
            assert "memory" in container["resources"]["limits"]


def test_a_rolling_update_cuts_nothing_off(manifests: list[Manifest]) -> None:
    for name, deployment in named(manifests, "Deployment").items():
        pod = deployment["spec"]["template"]["spec"]
        pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}, name
        assert pod["terminationGracePeriodSeconds"] >= pause + 20, name
        assert name in named(manifests, "PodDisruptionBudget")
        assert {each["topologyKey"] for each in pod["topologySpreadConstraints"]} == {
            "topology.kubernetes.io/zone",
            "kubernetes.io/hostname",
        }


def test_nothing_is_reachable_but_what_is_allowed(manifests: list[Manifest]) -> None:
    policies = named(manifests, "NetworkPolicy")
    assert "ingress" not in policies["nobody"]["spec"]
    assert "egress" not in policies["nobody"]["spec"]
    (to_nats,) = [
        rule for rule in policies["nats"]["spec"]["ingress"] if rule["ports"] == [{"port": "client"}]
    ]
    allowed = {each["podSelector"]["matchLabels"]["app.kubernetes.io/name"] for each in to_nats["from"]}
    assert allowed == {user.name for user in permissions.USERS} | {permissions.OPERATOR}
    (to_names,) = policies["names"]["spec"]["egress"]
    assert to_names["to"][0]["podSelector"] == {"matchLabels": {"k8s-app": "kube-dns"}}


def test_secrets_are_only_referred_to(manifests: list[Manifest]) -> None:
    assert "Secret" not in {each["kind"] for each in manifests}
    mounted = {
        name: volume["secret"]["secretName"]
        for name, pod in pods(manifests)
        for volume in pod["volumes"]
        if volume["name"] == "secrets"
    }
    assert mounted.pop("declare") == "operator"
    assert all(name == secret for name, secret in mounted.items())
    assert {user.name for user in permissions.USERS} <= mounted.keys()


def test_production_survives_a_zone(rendered: Callable[[str], list[Manifest]]) -> None:
    manifests = rendered("prod")
    nats = named(manifests, "StatefulSet")["nats"]["spec"]
    assert nats["replicas"] == 3
    assert nats["template"]["spec"]["topologySpreadConstraints"][0]["whenUnsatisfiable"] == "DoNotSchedule"
    configured = [each["data"] for each in named(manifests, "ConfigMap").values()]
    (settings,) = [each for each in configured if "PARLEY_NATS_URL" in each]
    assert settings["PARLEY_STREAM_REPLICAS"] == "3"
    assert settings["PARLEY_NATS_URL"].count("nats://") == 3
    assert "postgres" not in named(manifests, "StatefulSet")


def test_production_scales_the_runner_by_waiting_work(rendered: Callable[[str], list[Manifest]]) -> None:
    def scaled(kind: str) -> set[str]:
        found = named(rendered("prod"), kind).values()
        return {each["spec"]["scaleTargetRef"]["name"] for each in found}

    assert scaled("ScaledObject") == {"agent-runner"}
    assert scaled("HorizontalPodAutoscaler") == {"edge-rest", "edge-ws", "gateway"}
