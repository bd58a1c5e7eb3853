"""A service that can be started is in every table of the deployment, with the versions that were tested."""

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from docs.generate import settings

from chassis import variables
from eventlog.admin import permissions
from parley.stack import gateway

ROOT = Path(__file__).parents[2]
SECONDS = 60
SERVICES = {path.parents[2].name for path in ROOT.glob("services/*/src/*/__main__.py")}


def text(path: str) -> str:
    return (ROOT / path).read_text()


def pins(path: str) -> set[str]:
    """``name==version`` of every requirement."""
    return set(re.findall(r"^[\w.-]+==\S+", text(path), re.MULTILINE))


def test_every_service_is_a_user_of_nats() -> None:
    assert {user.name for user in permissions.USERS} == SERVICES


def test_every_service_has_an_image_a_compose_service_and_a_deployment() -> None:
    stages = re.split(r"^FROM \S+ AS (\S+)$", text("deploy/docker/Dockerfile"), flags=re.MULTILINE)[1:]
    targets = {name for name, stage in zip(stages[::2], stages[1::2], strict=True) if "ENTRYPOINT" in stage}
    composed = yaml.safe_load(text("docker-compose.yml"))["services"]
    built = {name for name, each in composed.items() if "build" in each}
    deployed = yaml.safe_load(text("deploy/k8s/base/kustomization.yaml"))["resources"]
    assert targets == SERVICES | {permissions.OPERATOR}
    assert built == targets | {"parley"}
    assert {f"{name}.yaml" for name in targets} <= set(deployed)


def test_the_secrets_one_shot_knows_every_service() -> None:
    (users,) = re.findall(r"^users='(.*)'$", text("deploy/docker/secrets.sh"), re.MULTILINE)
    assert set(users.split()) == SERVICES


@pytest.mark.parametrize("service", [*sorted(SERVICES), "common", "models", "operator"])
def test_an_image_has_the_versions_that_were_tested(service: str) -> None:
    assert pins(f"requirements/{service}.txt") <= pins("requirements/run.txt")


def test_what_images_share_all_of_them_need() -> None:
    everywhere = set.intersection(*(pins(f"requirements/{service}.txt") for service in SERVICES))
    assert pins("requirements/common.txt") == everywhere
    assert pins("requirements/models.txt") <= pins("requirements/agent-runner.txt")
    assert pins("requirements/models.txt") <= pins("requirements/quote-engine.txt")


def test_an_image_has_the_libraries_of_its_service_and_no_others() -> None:
    for service in SERVICES:
        project = tomllib.loads(text(f"services/{service}/pyproject.toml"))["project"]
        own = {name for name in (project["name"], *project["dependencies"]) if name.startswith("parley-")}
        stage = text("deploy/docker/Dockerfile").partition(f"AS {service}\n")[2].partition("FROM")[0]
        (installed,) = re.findall(r"/opt/install.sh (.+)$", stage, re.MULTILINE)
        assert {f"parley-{name.replace('_', '-')}" for name in installed.split()} == own, service


def test_the_gateway_listens_where_compose_and_kubernetes_lead_to() -> None:
    program = gateway.program()
    assert program is not None
    adapted = subprocess.run(
        [program, "adapt", "--adapter", "caddyfile", "--config", str(ROOT / "deploy/gateway/Caddyfile")],
        env={},
        capture_output=True,
        check=True,
    )
    servers = json.loads(adapted.stdout)["apps"]["http"]["servers"].values()
    listens = {int(each.removeprefix(":")) for server in servers for each in server["listen"]}
    composed = yaml.safe_load(text("docker-compose.yml"))["services"]["gateway"]["ports"]
    deployment, service = yaml.safe_load_all(text("deploy/k8s/base/gateway.yaml"))
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    public = listens - {8080}
    assert {int(port.rpartition(":")[2]) for port in composed} == public
    assert {each["port"] for each in service["spec"]["ports"]} == public
    assert {each["containerPort"] for each in container["ports"]} == listens


def test_what_others_made_has_one_version_everywhere_down_to_the_minor() -> None:
    files = [ROOT / "docker-compose.yml", ROOT / "docs/operations.md", *ROOT.glob("deploy/k8s/**/*.yaml")]
    named = re.compile(r"(?:image: |:/backup(?::ro)?\" )((?!parley/)[\w./-]+):(\S+)")
    tags: dict[str, set[str]] = {}
    for file in files:
        for image, tag in named.findall(file.read_text()):
            tags.setdefault(image, set()).add(tag)
    assert {"nats", "postgres", "caddy"} <= tags.keys()
    assert {image: found for image, found in tags.items() if len(found) > 1} == {}
    assert [tag for (tag,) in tags.values() if not re.match(r"v?\d+\.\d+", tag)] == []
    (python,) = re.findall(r"^ARG PYTHON=(\S+)$", text("deploy/docker/Dockerfile"), re.MULTILINE)
    assert re.fullmatch(r"python:3\.\d+-slim", python)


@pytest.mark.parametrize("push", ["", "registry.example/parley"])
def test_images_are_built_and_pushed_as_documented(tmp_path: Path, push: str) -> None:
    """By a docker that only writes down what it is told."""
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/told\n')
    docker.chmod(0o755)
    command = ["make", "--silent", "images", *([f"PUSH={push}"] if push else [])]
    path = f"{tmp_path}:{os.environ['PATH']}"
    subprocess.run(command, cwd=ROOT, env=os.environ | {"PATH": path}, check=True, timeout=SECONDS)
    told = (tmp_path / "told").read_text().splitlines()
    built = {re.findall(r"--target (\S+)", line)[0]: line for line in told}
    assert built.keys() == SERVICES | {permissions.OPERATOR}
    version = tomllib.loads(text("cli/pyproject.toml"))["project"]["version"]
    for name, line in built.items():
        assert f"--tag parley/{name}:{version}" in line
        assert (f"--tag {push}/{name}:{version} --push" in line) == bool(push)
        assert ("--sbom=true" in line) == bool(push)


def test_compose_sets_nothing_that_is_no_setting() -> None:
    for name, each in yaml.safe_load(text("docker-compose.yml"))["services"].items():
        given = each.get("environment", {})
        known = {key: "" for key in given if key != "<<"}
        assert variables.complaint(known) is None, name


def composed() -> dict[str, dict[str, Any]]:
    """The services of Compose, with what they have in common merged in."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(text("docker-compose.yml"))["services"]
    return found


def test_every_setting_has_its_effect_under_compose() -> None:
    for name in SERVICES | {permissions.OPERATOR, "parley"}:
        assert settings.everybodys() <= composed()[name]["environment"].keys(), name
    for name, service in settings.MOUNTED.items():
        each = composed()[service]
        target = re.fullmatch(rf"\$\{{{name}:\+(.+)\}}", each["environment"][name])
        assert target
        sources = {mount["target"]: mount["source"] for mount in each["volumes"] if isinstance(mount, dict)}
        assert sources[target[1]] == f"${{{name}:-/dev/null}}"
    assert composed()["secrets"]["environment"].keys() >= settings.SECRETS
    script = text("deploy/docker/secrets.sh")
    assert all(f"${{{name}:-" in script for name in settings.SECRETS | settings.REFUSED)
    gateway = composed()["gateway"]
    told = {name for name in settings.OF_THE_GATEWAY if f"${{{name}:-" in str(gateway["ports"])}
    assert told | gateway["environment"].keys() >= settings.OF_THE_GATEWAY


def test_what_runs_under_compose_is_bounded_and_without_rights() -> None:
    for name, each in composed().items():
        assert each["logging"]["options"]["max-size"], name
        if "ollama" in name:  # a model takes what there is
            continue
        assert all(each[limit] for limit in ("mem_limit", "pids_limit", "cpus")), name
        assert each["cap_drop"] == ["ALL"], name
    for name in ("nats", "postgres", "gateway"):
        assert composed()[name]["user"] not in ("", "root", "0"), name
        assert composed()[name]["read_only"], name


def test_the_telemetry_profile_mounts_what_there_is() -> None:
    services = yaml.safe_load(text("docker-compose.yml"))["services"]
    watching = [each for each in services.values() if "telemetry" in each.get("profiles", ())]
    mounts = [mount.split(":") for each in watching for mount in each["volumes"] if mount.startswith("./")]
    assert len(mounts) == 6
    assert [source for source, *_ in mounts if not (ROOT / source).exists()] == []
    provisioned = yaml.safe_load(text("deploy/grafana/provisioning/dashboards/parley.yaml"))["providers"]
    assert provisioned[0]["options"]["path"] in {mount[1] for mount in mounts}
    scraped = yaml.safe_load(text("deploy/telemetry/prometheus.yml"))["scrape_configs"][0]
    assert set(scraped["dns_sd_configs"][0]["names"]) == SERVICES | {permissions.OPERATOR}
