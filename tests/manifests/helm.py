"""Lints and installs a chart with Helm's own library: ``helm.py CHART KUBECONFIG < values.json``."""

import asyncio
import json
import sys

import helm_sdkpy

INSTALL_SECONDS = 60


async def main(chart: str, kubeconfig: str) -> None:
    """End with 1 and the reason if it cannot be done."""
    configuration = helm_sdkpy.Configuration(namespace="parley", kubeconfig=kubeconfig)
    linted = await helm_sdkpy.Lint(configuration).run(chart)
    if linted.get("Errors"):
        sys.exit(f"lint: {linted}")
    values = json.load(sys.stdin)
    try:
        await helm_sdkpy.Install(configuration).run(
            "parley", chart, values=values, wait=False, timeout=INSTALL_SECONDS
        )
    except helm_sdkpy.HelmError as error:
        sys.exit(f"install: {error}")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
