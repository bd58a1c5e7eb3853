"""Makes the Helm chart from the manifests of deploy/k8s: ``python deploy/helm/generate.py``.

The chart is what `kustomize build` gives, with what people change as values. Names are the manifests'
so a namespace holds one release.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
CHART: Final = ROOT / "deploy/helm/parley"
RENDER_SECONDS: Final = 60
SERVICES: Final = (
    *("agent-runner", "edge-rest", "edge-ws", "history-store"),
    *("operator", "quote-engine", "voice-bridge"),
)
OPERATOR: Final = "operator"
HEAD: Final = "{{- /* Made from deploy/k8s by deploy/helm/generate.py. */ -}}\n"

Manifest = dict[str, Any]


def expression(code: str) -> str:
    """A mark in the place of a value, which becomes a template's expression."""
    return f"@<{code}>@"


def rendered(folder: str) -> list[Manifest]:
    """The manifests of a folder of deploy, without the namespace, which Helm makes."""
    done = subprocess.run(
        ["kustomize", "build", "--load-restrictor", "LoadRestrictionsNone", str(ROOT / "deploy" / folder)],
        check=True,
        capture_output=True,
        text=True,
        timeout=RENDER_SECONDS,
    )
    return [each for each in yaml.safe_load_all(done.stdout) if each["kind"] != "Namespace"]


def templates() -> dict[str, str]:
    """The text of every template, by the name of its file."""
    files: dict[str, list[str]] = {}
    for manifest in rendered("helm/kustomize"):
        name = _name(manifest)
        parts = files.setdefault(f"{manifest['kind'].lower()}s.yaml", [])
        parts.append(_guarded(_text(_parameterised(manifest)), _condition(manifest["kind"], name)))
    return {name: HEAD + "---\n".join(parts) for name, parts in sorted(files.items())}


def _name(manifest: Manifest) -> str:
    """The name without the hash that kustomize gives a ConfigMap: Helm changes it in place."""
    return re.sub(r"-[a-z0-9]{10}$", "", manifest["metadata"]["name"])


def _condition(kind: str, name: str) -> str | None:
    """The value without which a manifest is left out."""
    match kind, name:
        case "HorizontalPodAutoscaler", "agent-runner" | "quote-engine":
            return "and .Values.autoscaling.enabled (not .Values.keda.enabled)"
        case "HorizontalPodAutoscaler", _:
            return ".Values.autoscaling.enabled"
        case ("ScaledObject", _) | ("NetworkPolicy", "keda"):
            return ".Values.keda.enabled"
        case ("PodMonitor" | "PrometheusRule", _):
            return ".Values.monitoring.enabled"
        case ("ConfigMap", "parley-dashboard") | ("NetworkPolicy", "traces"):
            return ".Values.monitoring.enabled"
        case "Ingress", _:
            return ".Values.ingress.enabled"
        case ("NetworkPolicy", "nats") | ("PodDisruptionBudget" | "Service" | "StatefulSet", "nats"):
            return ".Values.nats.enabled"
        case ("ConfigMap", "nats-config"):
            return ".Values.nats.enabled"
        case (_, "postgres" | "postgres-scripts"):
            return ".Values.postgres.enabled"
        case _:
            return None


def _parameterised(manifest: Manifest) -> Manifest:
    """The manifest with values in the place of what people change."""
    manifest["metadata"].pop("namespace", None)
    manifest["metadata"]["name"] = name = _name(manifest)
    _unhash(manifest)
    match manifest["kind"], name:
        case "ConfigMap", "parley":
            manifest["data"] = expression('include "parley.settings" . | nindent 2')
        case "ConfigMap", "store":
            manifest["data"] = {"max_file_store": expression(".Values.nats.maxFileStore | quote")}
        case (("Deployment" | "StatefulSet"), _):
            _workload(manifest, name)
        case "CronJob", _:
            _pod(manifest["spec"]["jobTemplate"]["spec"]["template"]["spec"], name, OPERATOR, 12)
        case "HorizontalPodAutoscaler", _:
            manifest["spec"]["minReplicas"] = expression(f'index .Values.replicas "{name}"')
            manifest["spec"]["metrics"] = list(_metrics(manifest["spec"]["metrics"]))
        case "ScaledObject", _:
            manifest["spec"]["minReplicaCount"] = expression(f'index .Values.replicas "{name}"')
            for trigger in manifest["spec"]["triggers"]:
                trigger["metadata"]["natsServerMonitoringEndpoint"] = expression(
                    'printf "nats.%s.svc.cluster.local:8222" .Release.Namespace'
                )
        case "Ingress", _:
            manifest["spec"]["ingressClassName"] = expression(".Values.ingress.className")
            manifest["spec"]["rules"][0]["host"] = expression(".Values.ingress.host | quote")
            manifest["spec"]["tls"] = expression("toYaml .Values.ingress.tls | nindent 4")
            manifest["metadata"]["annotations"] = expression("toYaml .Values.ingress.annotations | nindent 4")
        case "NetworkPolicy", "history":
            manifest["spec"]["egress"][0]["to"] = expression("toYaml .Values.database.from | nindent 6")
    return manifest


def _metrics(scaled_by: list[Manifest]) -> Iterator[Manifest | str]:
    """What a scaler goes by, the work that waits only where a value says so."""
    for metric in scaled_by:
        if metric["type"] == "External":
            yield from (expression("if .Values.autoscaling.work"), metric, expression("end"))
        else:
            yield metric


def _unhash(value: Any) -> None:
    """References to ConfigMaps by the names that they have here."""
    for reference in _references(value):
        reference["name"] = re.sub(r"-[a-z0-9]{10}$", "", reference["name"])


def _references(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for each in value:
            yield from _references(each)
    if isinstance(value, dict):
        for key, each in value.items():
            if key in ("configMap", "configMapRef", "configMapKeyRef") and "name" in each:
                yield each
            yield from _references(each)


def _workload(manifest: Manifest, name: str) -> None:
    spec = manifest["spec"]
    pod = spec["template"]["spec"]
    main = pod["containers"][0]
    annotations = spec["template"].setdefault("metadata", {}).setdefault("annotations", {})
    annotations["checksum/config"] = expression(
        'include (print $.Template.BasePath "/configmaps.yaml") . | sha256sum'
    )
    _pod(pod, name, name if name in SERVICES else None, 8)
    if manifest["kind"] == "Deployment":
        wanted = f'(index .Values.replicas "{name}")'
        scaled = name not in ("history-store", "operator")
        spec["replicas"] = expression(
            f'ternary "null" {wanted} .Values.autoscaling.enabled' if scaled else wanted
        )
    elif name == "nats":
        spec["replicas"] = expression(".Values.nats.replicas")
        main["args"] = expression('include "parley.nats.args" . | nindent 10')
        main["lifecycle"] = expression('include "parley.nats.lifecycle" . | nindent 10')
        claim = spec["volumeClaimTemplates"][0]["spec"]
        claim["resources"]["requests"]["storage"] = expression(".Values.nats.storage")
        claim["storageClassName"] = expression(".Values.nats.storageClass")
        pod["topologySpreadConstraints"] = expression("toYaml .Values.nats.spread | nindent 8")
        main["env"] = [each for each in main["env"] if each["name"] != "GOMEMLIMIT"]
        main["env"].append({"name": "GOMEMLIMIT", "value": expression(".Values.nats.memoryLimit | quote")})


def _pod(pod: Manifest, name: str, image: str | None, indent: int) -> None:
    """Values in a pod: `image` is the name of an image of ours, `indent` where the pod's own fields stand."""
    main = pod["containers"][0]
    main["resources"] = expression(f'toYaml (index .Values.resources "{name}") | nindent {indent + 2}')
    pod["imagePullSecrets"] = expression(f"toYaml .Values.image.pullSecrets | nindent {indent}")
    if image:
        main["image"] = expression(f'include "parley.image" (dict "root" . "name" "{image}")')
        main["imagePullPolicy"] = expression(".Values.image.pullPolicy")


def _text(manifest: Manifest) -> str:
    """YAML in which the marks are expressions; other braces are text."""
    text = yaml.safe_dump(manifest, sort_keys=False, width=100_000, allow_unicode=True)
    text = re.sub(r"\{\{|\}\}", lambda found: '{{ "' + found[0] + '" }}', text)

    def code(found: re.Match[str]) -> str:
        inner = found[2].replace("''", "'").replace('{{ "}}" }}', "}}").replace('{{ "{{" }}', "{{")
        if inner == "end" or inner.startswith("if "):  # of the list, and no element of it
            return f"{{{{- {inner} }}}}"
        return f"{found[1] or ''}{{{{ {inner} }}}}"

    return re.sub(r"(- )?'?@<(.*?)>@'?", code, text)


def _guarded(text: str, condition: str | None) -> str:
    return f"{{{{- if {condition} }}}}\n{text}{{{{- end }}}}\n" if condition else text


def main() -> None:
    """Write the templates."""
    folder, made = CHART / "templates", templates()
    for stale in folder.glob("*.yaml"):
        stale.unlink()
    for name, text in made.items():
        (folder / name).write_text(text)
    sys.stdout.write(f"wrote {folder.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
