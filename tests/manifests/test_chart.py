"""deploy/helm: the chart is what deploy/k8s says, Helm takes it, and what it installs fits the schemas."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml

from chassis import variables

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy/helm/parley"
SCHEMAS = ROOT / "deploy/k8s/schemas"
OLDEST_KUBERNETES = "1.31"
HELM_SECONDS = 60
PRODUCTION = {
    "nats": {"replicas": 3, "maxFileStore": "80GB", "storage": "100Gi"},
    "keda": {"enabled": True},
    "monitoring": {"enabled": True},
    "postgres": {"enabled": False},
    "database": {"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]},
    "image": {"registry": "registry.example", "tag": "0.1.0"},
    "settings": {"PARLEY_RUN_TIMEOUT": 77},
    "ingress": {
        "host": "parley.example.com",
        "tls": [{"hosts": ["parley.example.com"], "secretName": "tls"}],
    },
}
BARE = {
    "autoscaling": {"enabled": False},
    "ingress": {"enabled": False},
    "nats": {"enabled": False},
    "replicas": {"edge-ws": 4},
    "settings": {"PARLEY_NATS_URL": "nats://elsewhere:4222", "PARLEY_STREAM_REPLICAS": 3},
}
BY_WORK = {"autoscaling": {"work": True}}

Manifest = dict[str, Any]


def rendered(values: Manifest) -> list[Manifest]:
    """What Helm makes of the chart with these values, having found nothing to warn of."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("helm.py")), str(CHART), f"v{OLDEST_KUBERNETES}.0"],
        input=json.dumps(values),
        capture_output=True,
        text=True,
        timeout=HELM_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    return [each for each in yaml.safe_load_all(done.stdout) if each]


@pytest.mark.parametrize(
    "values", [{}, PRODUCTION, BARE, BY_WORK], ids=["as it is", "production", "bare", "by work"]
)
def test_what_helm_installs_fits_the_schemas(values: Manifest) -> None:
    manifests = rendered(values)
    for manifest in manifests:
        schema = SCHEMAS / f"{manifest['apiVersion'].replace('/', '_')}_{manifest['kind']}.json"
        if schema.exists():
            jsonschema.validate(manifest, json.loads(schema.read_text()))
        else:
            kubernetes_validate.validate(manifest, OLDEST_KUBERNETES, strict=True)
    known = {(each["kind"], each["metadata"]["name"]): each for each in manifests}
    settings = known["ConfigMap", "parley"]["data"]
    assert variables.complaint(settings) is None
    assert ("StatefulSet", "nats") in known or values is BARE
    edge = known["Deployment", "edge-ws"]["spec"]
    match values:
        case {"keda": _}:
            assert settings["PARLEY_NATS_URL"].count("nats://") == 3
            assert settings["PARLEY_RUN_TIMEOUT"] == "77"
            assert ("ScaledObject", "agent-runner") in known
            assert ("HorizontalPodAutoscaler", "agent-runner") not in known
            assert (
                edge["template"]["spec"]["containers"][0]["image"] == "registry.example/parley/edge-ws:0.1.0"
            )
            server = known["StatefulSet", "nats"]["spec"]
            assert server["replicas"] == 3
            assert "preStop" in server["template"]["spec"]["containers"][0]["lifecycle"]
        case {"replicas": _}:
            assert edge["replicas"] == 4
            assert "nats-0" not in settings["PARLEY_NATS_URL"]
        case _:
            assert edge.get("replicas") is None  # which leaves it to the scaler
            assert known["ConfigMap", "store"]["data"] == {"max_file_store": "20GB"}
            metrics = known["HorizontalPodAutoscaler", "agent-runner"]["spec"]["metrics"]
            by_work = ["External"] if values is BY_WORK else []
            assert [each["type"] for each in metrics] == ["Resource", *by_work]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "deploy/helm/generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_chart_is_what_the_manifests_say(kustomize: str) -> None:
    made = generator().templates()
    assert {path.name for path in (CHART / "templates").glob("*.yaml")} == made.keys()
    for name, text in made.items():
        assert (CHART / "templates" / name).read_text() == text, "run make chart"
