"""As much of a Kubernetes API server as Helm asks when it installs: it takes every manifest and keeps it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

KINDS: Final = {
    "v1": {
        "ConfigMap": "configmaps",
        "Namespace": "namespaces",
        "Pod": "pods",
        "Secret": "secrets",
        "Service": "services",
        "ServiceAccount": "serviceaccounts",
    },
    "apps/v1": {"Deployment": "deployments", "ReplicaSet": "replicasets", "StatefulSet": "statefulsets"},
    "autoscaling/v2": {"HorizontalPodAutoscaler": "horizontalpodautoscalers"},
    "keda.sh/v1alpha1": {"ScaledObject": "scaledobjects"},
    "monitoring.coreos.com/v1": {"PodMonitor": "podmonitors", "PrometheusRule": "prometheusrules"},
    "networking.k8s.io/v1": {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies"},
    "policy/v1": {"PodDisruptionBudget": "poddisruptionbudgets"},
}

LISTS: Final = {plural for each in KINDS.values() for plural in each.values()}
NOT_FOUND: Final = {
    "kind": "Status",
    "apiVersion": "v1",
    "status": "Failure",
    "reason": "NotFound",
    "code": 404,
}


@contextmanager
def api_server(version: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of a server that says it is of a version such as ``1.31``, and what it was given."""
    taken: list[dict[str, Any]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(version, taken))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _discovery(path: str, version: str) -> dict[str, Any] | None:
    """What the server says of itself at a path, or None."""
    if path == "/version":
        major, minor = version.split(".")
        return {"major": major, "minor": minor, "gitVersion": f"v{version}.0"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        groups = []
        for each in KINDS:
            group, _, name = each.rpartition("/")
            if group:
                named = {"groupVersion": each, "version": name}
                groups.append({"name": group, "versions": [named], "preferredVersion": named})
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
    group_version = path.removeprefix("/apis/").removeprefix("/api/")
    if group_version not in KINDS:
        return None
    verbs = ["create", "delete", "get", "list", "patch", "update"]
    resources = [
        {"name": plural, "singularName": "", "namespaced": kind != "Namespace", "kind": kind, "verbs": verbs}
        for kind, plural in KINDS[group_version].items()
    ]
    return {"kind": "APIResourceList", "groupVersion": group_version, "resources": resources}


def _handler(version: str, taken: list[dict[str, Any]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """Answers one connection."""

        def do_GET(self) -> None:
            """Discovery; nothing else is there, and lists are empty."""
            path = self.path.partition("?")[0].rstrip("/")
            told = _discovery(path, version)
            if told is None and path.rsplit("/", 1)[-1] in LISTS:
                told = {"kind": "List", "apiVersion": "v1", "metadata": {}, "items": []}
            if told is None:
                self._answer(404, json.dumps(NOT_FOUND).encode())
            else:
                self._answer(200, json.dumps(told).encode())

        def do_POST(self) -> None:
            """Something is made; what Helm keeps of its own doing comes as protobuf and is given back."""
            content = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Type"] == "application/json":
                taken.append(json.loads(content))
            self._answer(201, content, self.headers["Content-Type"])

        do_PUT = do_POST  # noqa: N815 - as above

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as above
            """Nobody reads it."""

        def _answer(self, status: int, content: bytes, kind: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler
