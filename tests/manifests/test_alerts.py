"""Alerts, dashboard and adapter ask for what there is; promtool plays the alerts where it is installed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import promql_parser as promql
import pytest
import yaml
from tests.manifests.promql import ROOT, Asked, asked, known, labels, rules, shown

SECONDS = 60
PLAYED = Path(__file__).with_name("alerts_test.yml")
SCHEMA = ROOT / "deploy/k8s/schemas/monitoring.coreos.com_v1_PrometheusRule.json"


@pytest.fixture(scope="module")
def measured() -> dict[str, set[str]]:
    """Every metric, with its labels."""
    return known()


@pytest.mark.parametrize("asked", list(asked()), ids=lambda asked: asked.where)
def test_what_is_asked_for_is_measured_with_the_labels_that_it_is_asked_by(
    asked: Asked, measured: dict[str, set[str]]
) -> None:
    given = labels(promql.parse(asked.expression), measured)
    assert shown(asked.words) <= given


@pytest.mark.parametrize(
    "wrong",
    [
        "sum by (protocol) (rate(parley_turns_total[5m]))",
        'parley_turns_total{result="failed"} > 0',
        "max(parley_queue_length)",
        "histogram_quantile(0.5, sum by (protocol) (rate(parley_request_seconds_bucket[5m])))",
        "parley_ready{pod!=''} == 0",
    ],
)
def test_what_nobody_measures_is_found(wrong: str, measured: dict[str, set[str]]) -> None:
    with pytest.raises(AssertionError):
        labels(promql.parse(wrong), measured)


def test_rules_are_written_as_prometheus_takes_them() -> None:
    rule = json.loads(SCHEMA.read_text())["properties"]["spec"]
    jsonschema.validate({"groups": [{"name": "parley", "rules": rules()}]}, rule)


def test_the_dashboard_is_whole() -> None:
    panels = json.loads((ROOT / "deploy/grafana/dashboards/parley.json").read_text())["panels"]
    assert all(panel["targets"] for panel in panels if panel["type"] != "row")
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_the_handbook_tells_of_every_alert() -> None:
    handbook = (ROOT / "docs/operations.md").read_text()
    told = [rule.get("alert") or rule["record"] for rule in rules()]
    assert [name for name in told if f"`{name}`" not in handbook] == []


def test_every_alert_is_played() -> None:
    played = yaml.safe_load(PLAYED.read_text())["tests"]
    fired = {each["alertname"] for test in played for each in test["alert_rule_test"] if each["exp_alerts"]}
    assert fired == {rule["alert"] for rule in rules() if "alert" in rule}


def test_alerts_fire_when_they_should(tmp_path: Path) -> None:
    beside = Path(sys.executable).parent
    promtool = shutil.which("promtool") or shutil.which("promtool", path=beside)
    if promtool is None:
        pytest.skip("promtool is not installed; it comes with Prometheus, or by `make promtool`")
    shutil.copy(ROOT / "deploy/telemetry/alerts.yml", tmp_path)
    played = shutil.copy(PLAYED, tmp_path)
    done = subprocess.run(
        [promtool, "test", "rules", played], capture_output=True, text=True, timeout=SECONDS, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
