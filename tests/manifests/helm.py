"""Lints and renders a chart by Helm's own library: ``helm.py CHART KUBERNETES < values.json``.

In a process of its own, since the library brings Go's runtime.
"""

import json
import sys

import helm_python

WARNING = 2


def main(chart: str, kubernetes: str) -> None:
    """End with 1 and the reason if it cannot be done."""
    values = json.load(sys.stdin)
    try:
        linted = helm_python.lint(chart, values, strict=True, kube_version=kubernetes)
        found = [each for each in linted["messages"] if each["severity"] >= WARNING]
        if found or linted["errors"]:
            sys.exit(f"lint: {found} {linted['errors']}")
        with helm_python.Chart.load(chart) as loaded:
            loaded.validate_schema(values)
            rendered = loaded.render(values, name="parley", namespace="parley")
    except helm_python.HelmError as error:
        sys.exit(f"helm: {error}")
    manifests = [text for path, text in sorted(rendered.items()) if path.endswith((".yaml", ".yml"))]
    print("\n---\n".join(manifests))  # noqa: T201 - what the test reads


if __name__ == "__main__":
    main(*sys.argv[1:])
