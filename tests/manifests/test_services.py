"""A service that can be started is in every table of the deployment, with the versions that were tested."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from docs.generate import settings

from chassis import variables
from eventlog.admin import permissions

ROOT = Path(__file__).parents[2]
DECIDED_BY_COMPOSE = {
    "PARLEY_AGENT_RUN_PORT",
    "PARLEY_AGENT_WS_PORT",
    "PARLEY_DATABASE_URL",
    "PARLEY_DATA_DIR",
    "PARLEY_JWT_SECRET",
    "PARLEY_LANGGRAPH_PORT",
    "PARLEY_MCP_CONFIG",
    "PARLEY_PORT",
    "PARLEY_QUOTATIONS",
    "PARLEY_QUOTE_PORT",
    "PARLEY_TOOLS_DIR",
}
"""Ports are the gateway's, secrets are files, and what names a file needs a mount beside."""
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


def test_an_image_has_the_libraries_of_its_service_and_no_others() -> None:
    for service in SERVICES:
        project = tomllib.loads(text(f"services/{service}/pyproject.toml"))["project"]
        own = {name for name in (project["name"], *project["dependencies"]) if name.startswith("parley-")}
        stage = (
            text("deploy/docker/Dockerfile").partition(f"AS {service}-environment")[2].partition("FROM")[0]
        )
        copied = {name.replace("_", "-") for name in re.findall(r"/wheels/(parley_\w+)-", stage)}
        assert copied == own, service


def test_compose_sets_nothing_that_is_no_setting() -> None:
    for name, each in yaml.safe_load(text("docker-compose.yml"))["services"].items():
        given = each.get("environment", {})
        known = {key: "" for key in given if key != "<<"}
        assert variables.complaint(known) is None, name


def test_compose_passes_on_every_setting_that_it_does_not_decide() -> None:
    services = yaml.safe_load(text("docker-compose.yml"))["services"]
    passed_on = {name for each in services.values() for name in each.get("environment", {})}
    assert settings.variables().keys() - settings.GIVEN - passed_on == DECIDED_BY_COMPOSE


def test_the_dashboard_is_whole() -> None:
    panels = json.loads(text("deploy/grafana/dashboards/parley.json"))["panels"]
    assert all(panel["targets"] for panel in panels if panel["type"] != "row")
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_the_telemetry_profile_mounts_what_there_is() -> None:
    services = yaml.safe_load(text("docker-compose.yml"))["services"]
    watching = [each for each in services.values() if "telemetry" in each.get("profiles", ())]
    mounts = [mount.split(":") for each in watching for mount in each["volumes"] if mount.startswith("./")]
    assert len(mounts) == 6
    assert [source for source, *_ in mounts if not (ROOT / source).exists()] == []
    provisioned = yaml.safe_load(text("deploy/grafana/provisioning/dashboards/parley.yaml"))["providers"]
    assert provisioned[0]["options"]["path"] in {mount[1] for mount in mounts}
    scraped = yaml.safe_load(text("deploy/telemetry/prometheus.yml"))["scrape_configs"][0]
    assert set(scraped["dns_sd_configs"][0]["names"]) == SERVICES
