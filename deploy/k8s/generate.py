"""What of deploy/k8s is made from other files: ``python deploy/k8s/generate.py`` writes it."""

import sys
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
RULES: Final = ROOT / "deploy/k8s/components/prometheus-operator/rules.yaml"


def rules() -> str:
    """The alerts as the Prometheus operator takes them."""
    alerts: dict[str, Any] = yaml.safe_load((ROOT / "deploy/telemetry/alerts.yml").read_text())
    manifest = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "parley"},
        "spec": alerts,
    }
    head = "# Made from deploy/telemetry/alerts.yml by deploy/k8s/generate.py.\n"
    return head + yaml.safe_dump(manifest, sort_keys=False, width=10_000)


def main() -> None:
    """Write it all."""
    RULES.write_text(rules())
    sys.stdout.write(f"wrote {RULES.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
