"""A service that can be started is in every table of the deployment, with the versions that were tested."""

import json
import re
from pathlib import Path

import pytest
import yaml

from eventlog import permissions

ROOT = Path(__file__).parents[2]
SERVICES = {path.parents[2].name for path in ROOT.glob("services/*/src/*/__main__.py")}


def text(path: str) -> str:
    return (ROOT / path).read_text()


def pins(path: str) -> set[str]:
    """``name==version`` of every requirement."""
    return set(re.findall(r"^[\w.-]+==\S+", text(path), re.MULTILINE))


def test_every_service_is_a_user_of_nats() -> None:
    assert {user.name for user in permissions.USERS} == SERVICES


def test_every_service_has_an_image_a_compose_service_and_a_deployment() -> None:
    targets = set(re.findall(r"^FROM runtime AS (\S+)$", text("deploy/docker/Dockerfile"), re.MULTILINE))
    composed = yaml.safe_load(text("docker-compose.yml"))["services"]
    built = {name for name, each in composed.items() if "build" in each}
    deployed = yaml.safe_load(text("deploy/k8s/base/kustomization.yaml"))["resources"]
    assert targets == SERVICES
    assert built == SERVICES | {"declare"}
    assert {f"{name}.yaml" for name in SERVICES} <= set(deployed)


def test_the_secrets_one_shot_knows_every_service() -> None:
    (users,) = re.findall(r"^users='(.*)'$", text("deploy/docker/secrets.sh"), re.MULTILINE)
    assert set(users.split()) == SERVICES


@pytest.mark.parametrize("service", sorted(SERVICES))
def test_an_image_has_the_versions_that_were_tested(service: str) -> None:
    assert pins(f"requirements/{service}.txt") <= pins("requirements/run.txt")


def test_dashboards_are_whole() -> None:
    for path in (ROOT / "deploy/grafana/dashboards").glob("*.json"):
        panels = json.loads(path.read_text())["panels"]
        assert all(panel["targets"] for panel in panels)
        assert len({panel["id"] for panel in panels}) == len(panels)
