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

from chassis import variables
from eventlog.admin import permissions

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
    assert settings(manifests)["PARLEY_STREAM_REPLICAS"] == "3"
    assert settings(manifests)["PARLEY_NATS_URL"].count("nats://") == 3
    assert "postgres" not in named(manifests, "StatefulSet")


def scaled(manifests: list[Manifest], kind: str) -> set[str]:
    """What the scalers of a kind scale."""
    return {each["spec"]["scaleTargetRef"]["name"] for each in named(manifests, kind).values()}


def test_production_scales_by_waiting_work_what_takes_it_from_the_log(
    rendered: Callable[[str], list[Manifest]],
) -> None:
    workers = {user.name for user in permissions.USERS if user.works}
    assert scaled(rendered("prod"), "ScaledObject") == workers
    assert scaled(rendered("prod"), "HorizontalPodAutoscaler") == {
        "edge-rest",
        "edge-ws",
        "gateway",
        "voice-bridge",
    }


def test_an_update_leaves_to_its_scaler_how_many_there_are(manifests: list[Manifest]) -> None:
    by_scalers = scaled(manifests, "ScaledObject") | scaled(manifests, "HorizontalPodAutoscaler")
    fixed = {name for name, each in named(manifests, "Deployment").items() if "replicas" in each["spec"]}
    assert by_scalers.isdisjoint(fixed)
    assert by_scalers | fixed == named(manifests, "Deployment").keys()


def settings(manifests: list[Manifest]) -> dict[str, str]:
    """The ConfigMap that every service reads."""
    configured = [each["data"] for each in named(manifests, "ConfigMap").values()]
    (found,) = [each for each in configured if "PARLEY_NATS_URL" in each]
    return dict(found)


def test_every_setting_is_one(manifests: list[Manifest]) -> None:
    assert variables.complaint(settings(manifests)) is None
    for name, pod in pods(manifests):
        for container in pod["containers"]:
            given = {each["name"]: "" for each in container.get("env", ())}
            assert variables.complaint(given) is None, name


def test_only_development_is_open_to_whoever_reaches_it(rendered: Callable[[str], list[Manifest]]) -> None:
    assert settings(rendered("dev"))["PARLEY_ALLOW_INSECURE_BIND"] == "yes"
    assert "PARLEY_ALLOW_INSECURE_BIND" not in settings(rendered("prod"))


def test_edges_hear_from_the_gateway_where_clients_are(manifests: list[Manifest]) -> None:
    told = {
        name
        for name, pod in pods(manifests)
        for each in pod["containers"][0].get("env", ())
        if each["name"] == "FORWARDED_ALLOW_IPS"
    }
    assert told == {"edge-rest", "edge-ws"}
    allowed = named(manifests, "NetworkPolicy")["edges"]["spec"]["ingress"][0]["from"]
    assert allowed == [{"podSelector": {"matchLabels": {"app.kubernetes.io/name": "gateway"}}}]


def test_production_is_watched(rendered: Callable[[str], list[Manifest]]) -> None:
    manifests = rendered("prod")
    assert settings(manifests)["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://collector.monitoring:4318"
    dashboard = named(manifests, "ConfigMap")["parley-dashboard"]
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert yaml.safe_load(named(manifests, "ConfigMap")["parley-alerts"]["data"]["alerts.yml"])["groups"]
    (to_collector,) = named(manifests, "NetworkPolicy")["traces"]["spec"]["egress"]
    assert to_collector["ports"] == [{"port": 4318}]
