"""deploy/k8s: every overlay renders, fits the schemas strictly and keeps what operations rely on."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from agent_runner.settings import RunnerSettings
from chassis import variables
from eventlog.admin import permissions
from quote_engine.settings import QuoteSettings

ROOT = Path(__file__).parents[2]
OVERLAYS = sorted(path.name for path in (ROOT / "deploy/k8s/overlays").iterdir())
SCHEMAS = ROOT / "deploy/k8s/schemas"
ADAPTER = ROOT / "deploy/k8s/components/prometheus-adapter"
OLDEST_KUBERNETES = "1.31"
"""What docs/operations.md says; the first with all that the manifests use switched on."""
RENDER_SECONDS = 60
TOOL = "parley"
"""The operator's command as a Job."""

Manifest = dict[str, Any]


@pytest.fixture(scope="session")
def rendered(kustomize: str) -> Callable[[str], list[Manifest]]:
    """The manifests of an overlay, which is one of ours or a path."""
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
        if manifest["kind"] == "CronJob":
            yield manifest["metadata"]["name"], manifest["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def named(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    return {each["metadata"]["name"]: each for each in manifests if each["kind"] == kind}


def test_every_manifest_fits_its_schema(manifests: list[Manifest]) -> None:
    for manifest in manifests:
        kind = f"{manifest['apiVersion'].replace('/', '_')}_{manifest['kind']}.json"
        if (SCHEMAS / kind).exists():
            jsonschema.validate(manifest, json.loads((SCHEMAS / kind).read_text()))
        else:
            for version in (OLDEST_KUBERNETES, kubernetes_validate.latest_version()):
                kubernetes_validate.validate(manifest, version, strict=True)


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
            if container["name"] != "reloader":  # which serves nothing
                assert {"startupProbe", "livenessProbe", "readinessProbe"} <= container.keys()
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}
            assert "memory" in container["resources"]["limits"]


def test_a_service_gets_work_when_it_says_that_it_can_do_it(manifests: list[Manifest]) -> None:
    deployments = named(manifests, "Deployment")
    for name in {user.name for user in permissions.USERS} | {permissions.OPERATOR}:
        (served,) = deployments[name]["spec"]["template"]["spec"]["containers"]
        paths = {
            probe: served[f"{probe}Probe"]["httpGet"]["path"]
            for probe in ("startup", "liveness", "readiness")
        }
        assert paths == {"startup": "/livez", "liveness": "/livez", "readiness": "/readyz"}, name


def test_a_secret_or_a_setting_that_changes_rolls_the_pods_that_read_it(manifests: list[Manifest]) -> None:
    serving = [each for each in manifests if each["kind"] in ("Deployment", "StatefulSet")]
    for manifest in serving:
        name, pod = manifest["metadata"]["name"], manifest["spec"]["template"]["spec"]
        reads = {kind for kind, _ in references(pod)}
        by_itself = any(each["name"] == "reloader" for each in pod["containers"])
        if "secret" in reads and not by_itself:
            assert manifest["metadata"]["annotations"]["reloader.stakater.com/auto"] == "true", name
        hashed = [named for kind, named in references(pod) if kind == "configMap"]
        assert all(re.search(r"-[a-z0-9]{10}$", each) for each in hashed), name


def references(value: Any) -> Iterator[tuple[str, str]]:
    """What a pod reads: the kind, ``secret`` or ``configMap``, and the name."""
    if isinstance(value, list):
        for each in value:
            yield from references(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            kind = re.sub(r"(Key)?Ref$", "", key)
            if kind in ("secret", "configMap") and isinstance(each, dict):
                yield kind, each.get("secretName") or each["name"]
            else:
                yield from references(each)


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
    assert allowed == {user.name for user in permissions.USERS} | {permissions.OPERATOR, TOOL}
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
    assert mounted.pop(TOOL) == permissions.OPERATOR
    assert all(name == secret for name, secret in mounted.items())
    assert {user.name for user in permissions.USERS} <= mounted.keys()


def test_a_job_of_the_operators_command_is_made_as_documented(
    manifests: list[Manifest], tmp_path: Path
) -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not installed")
    template = named(manifests, "CronJob")[TOOL]
    assert template["spec"]["suspend"] is True
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "verify"}}
    (tmp_path / "job.yaml").write_text(
        yaml.safe_dump(job | {"spec": template["spec"]["jobTemplate"]["spec"]})
    )
    documented = (ROOT / "docs/operations.md").read_text()
    (command,) = re.findall(r"^    (kubectl patch --local .+)$", documented, re.MULTILINE)
    subprocess.run(["bash", "-c", command], check=True, cwd=tmp_path, timeout=RENDER_SECONDS)
    made = yaml.safe_load((tmp_path / "verify.yaml").read_text())
    kubernetes_validate.validate(made, OLDEST_KUBERNETES, strict=True)
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert container["args"] == ["rebuild", "--verify"]
    assert {"name": "PARLEY_NATS_USER", "value": permissions.OPERATOR} in container["env"]
    reaching = {
        name
        for name, policy in named(manifests, "NetworkPolicy").items()
        for each in policy["spec"]["podSelector"].get("matchExpressions", ())
        if TOOL in each["values"]
    }
    assert reaching == {"log", "history", "elsewhere"}


def test_production_survives_a_zone(rendered: Callable[[str], list[Manifest]]) -> None:
    manifests = rendered("prod")
    nats = named(manifests, "StatefulSet")["nats"]["spec"]
    assert nats["replicas"] == 3
    assert nats["template"]["spec"]["topologySpreadConstraints"][0]["whenUnsatisfiable"] == "DoNotSchedule"
    assert settings(manifests)["PARLEY_STREAM_REPLICAS"] == "3"
    assert settings(manifests)["PARLEY_NATS_URL"].count("nats://") == 3
    assert "postgres" not in named(manifests, "StatefulSet")


def test_a_server_of_the_cluster_hands_its_clients_over_before_it_stops(
    rendered: Callable[[str], list[Manifest]],
) -> None:
    manifests = rendered("prod")
    server = container(manifests, "nats", "nats")
    pid = server["args"][server["args"].index("--pid") + 1]
    command = server["lifecycle"]["preStop"]["exec"]["command"]
    assert command == ["nats-server", "--signal", f"ldm={pid}"]
    config = (ROOT / "deploy/nats/cluster.conf").read_text()
    (seconds,) = re.findall(r"^lame_duck_duration: (\d+)s$", config, re.MULTILINE)
    assert dict(pods(manifests))["nats"]["terminationGracePeriodSeconds"] > int(seconds) + 10


def container(manifests: list[Manifest], workload: str, name: str) -> Manifest:
    """One container of what runs."""
    (found,) = [each for each in dict(pods(manifests))[workload]["containers"] if each["name"] == name]
    return dict(found)


def test_the_log_takes_its_share_of_the_store_that_the_server_has(
    rendered: Callable[[str], list[Manifest]],
) -> None:
    for overlay, expected in (("dev", "20GB"), ("prod", "80GB")):
        manifests = rendered(overlay)
        (store,) = [each for name, each in named(manifests, "ConfigMap").items() if name.startswith("store-")]
        assert store["data"] == {"max_file_store": expected}
        references = {
            each["name"]: each["valueFrom"]["configMapKeyRef"]["name"]
            for which in (container(manifests, "nats", "nats"), container(manifests, "operator", "service"))
            for each in which["env"]
            if "configMapKeyRef" in each.get("valueFrom", {})
        }
        name = store["metadata"]["name"]
        assert references == {"MAX_FILE_STORE": name, "PARLEY_STREAM_FILE_STORE": name}
        (claim,) = named(manifests, "StatefulSet")["nats"]["spec"]["volumeClaimTemplates"]
        disk = int(claim["spec"]["resources"]["requests"]["storage"].removesuffix("Gi"))
        assert int(expected.removesuffix("GB")) <= 0.8 * disk


def test_a_certificate_that_was_renewed_is_taken_up(rendered: Callable[[str], list[Manifest]]) -> None:
    manifests = rendered("prod")
    pod = dict(pods(manifests))["nats"]
    assert pod["shareProcessNamespace"] is True
    server, reloader = container(manifests, "nats", "nats"), container(manifests, "nats", "reloader")
    assert server["args"][-2:] == ["--pid", "/run/nats/nats.pid"]
    mounts = {each["mountPath"]: each["name"] for each in reloader["volumeMounts"]}
    config = next(each for each in pod["volumes"] if each["name"] == mounts["/etc/nats"])
    secrets = [source["secret"] for source in config["projected"]["sources"] if "secret" in source]
    files = {item["path"] for secret in secrets for item in secret["items"]}
    assert {"tls/tls.crt", "tls/tls.key", "secrets/passwords.conf"} <= files


def test_what_must_reach_nats_does_and_what_is_inside_stays_unreachable(
    rendered: Callable[[str], list[Manifest]],
) -> None:
    policies = named(rendered("prod"), "NetworkPolicy")
    (keda,) = policies["keda"]["spec"]["ingress"]
    assert keda["from"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "keda"}}}]
    assert keda["ports"] == [{"port": "monitor"}]
    (elsewhere,) = policies["elsewhere"]["spec"]["egress"]
    inside = {"10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"}
    assert set(elsewhere["to"][0]["ipBlock"]["except"]) == inside
    (to_names,) = policies["names"]["spec"]["egress"]
    assert {"ipBlock": {"cidr": "169.254.20.10/32"}} in to_names["to"]


def test_a_rollout_waits_until_a_server_has_caught_up(manifests: list[Manifest]) -> None:
    server = container(manifests, "nats", "nats")
    assert server["startupProbe"]["httpGet"]["path"] == "/healthz"
    limit = int(server["resources"]["limits"]["memory"].removesuffix("Gi")) * 1024
    (go,) = [int(each["value"].removesuffix("MiB")) for each in server["env"] if each["name"] == "GOMEMLIMIT"]
    assert 0.7 * limit < go < 0.95 * limit


def test_what_is_generated_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "deploy/k8s/generate.py")
    assert spec
    assert spec.loader
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert generate.RULES.read_text() == generate.rules()


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


def test_without_keda_scalers_go_by_waiting_work_too(
    rendered: Callable[[str], list[Manifest]], tmp_path: Path
) -> None:
    production = yaml.safe_load((ROOT / "deploy/k8s/overlays/prod/kustomization.yaml").read_text())
    folder = Path(os.path.relpath(ROOT / "deploy/k8s", tmp_path))
    components = [each.replace("keda", "prometheus-adapter") for each in production["components"]]
    overlay = {
        **{name: production[name] for name in ("apiVersion", "kind", "namespace")},
        "resources": [str(folder / "base")],
        "components": [str(folder / "components" / Path(each).name) for each in components],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    manifests = rendered(str(tmp_path))
    assert not named(manifests, "ScaledObject")
    by_work = {
        name
        for name, scaler in named(manifests, "HorizontalPodAutoscaler").items()
        if [each["type"] for each in scaler["spec"]["metrics"]] == ["Resource", "External"]
    }
    assert by_work == {user.name for user in permissions.USERS if user.works}
    for scaler in named(manifests, "HorizontalPodAutoscaler").values():
        kubernetes_validate.validate(scaler, OLDEST_KUBERNETES, strict=True)


def test_scalers_by_work_go_by_what_one_replica_takes(rendered: Callable[[str], list[Manifest]]) -> None:
    places = {
        "agent-runner": RunnerSettings.model_fields["concurrent_runs"].default,
        "quote-engine": QuoteSettings.model_fields["concurrent_replies"].default,
    }
    given = settings(rendered("prod"))
    assert "PARLEY_CONCURRENT_RUNS" not in given
    assert "PARLEY_CONCURRENT_REPLIES" not in given
    (adapted,) = yaml.safe_load((ADAPTER / "rules.yaml").read_text())["rules"]["external"]
    patches = yaml.safe_load((ADAPTER / "kustomization.yaml").read_text())["patches"]
    by_adapter = {each["target"]["name"]: yaml.safe_load(each["patch"])[0]["value"] for each in patches}
    assert by_adapter.keys() == places.keys()
    for name, scaled in named(rendered("prod"), "ScaledObject").items():
        (trigger,) = scaled["spec"]["triggers"]
        assert trigger["metadata"]["consumer"] == name
        assert int(trigger["metadata"]["lagThreshold"]) == 0.75 * places[name]
        metric, target = (by_adapter[name]["external"][part] for part in ("metric", "target"))
        assert metric["name"] == adapted["name"]["as"]
        assert metric["selector"]["matchLabels"] == {"responder": name}
        assert int(target["averageValue"]) == 0.75 * places[name]


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
