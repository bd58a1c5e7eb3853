"""What the dashboard, the alerts and a cluster's adapter ask Prometheus, and whether that is measured."""

import json
import re
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import promql_parser as promql
import yaml
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from chassis.metrics import EdgeMetrics, Metrics, ProjectionMetrics, StreamMetrics
from voice_bridge.metrics import Metrics as VoiceMetrics

ROOT = Path(__file__).parents[2]
ADAPTER = "deploy/k8s/components/prometheus-adapter/rules.yaml"
SUFFIXES = {Counter: ("_total",), Histogram: ("_bucket", "_sum", "_count"), Gauge: ("",)}
OF_A_LIST = re.compile(r"\{\{ *\$labels\.(\w+) *\}\}|\{\{(\w+)\}\}")
"""A label in the words of an alert, or in a legend."""

Known: TypeAlias = Mapping[str, Set[str]]
"""The labels of each metric."""


class Asked(NamedTuple):
    """One expression, and the words that are shown with what it gives."""

    where: str
    expression: str
    words: str


def rules() -> list[dict[str, Any]]:
    """What is recorded and what is told, in order."""
    read = yaml.safe_load((ROOT / "deploy/telemetry/alerts.yml").read_text())
    return [rule for group in read["groups"] for rule in group["rules"]]


def asked() -> Iterator[Asked]:
    """Every expression, with what Grafana and the adapter put in for their variables."""
    for rule in rules():
        yield Asked(rule.get("alert") or rule["record"], rule["expr"], str(rule.get("annotations", "")))
    for panel in json.loads((ROOT / "deploy/grafana/dashboards/parley.json").read_text())["panels"]:
        for target in panel.get("targets", ()):
            expression = re.sub(r"\$__(rate_interval|range)", "5m", target["expr"])
            yield Asked(f"{panel['title']} {target['refId']}", expression, target["legendFormat"])
    for rule in yaml.safe_load((ROOT / ADAPTER).read_text())["rules"]["external"]:
        series = rule["seriesQuery"].replace('namespace!="",', "")  # which every PodMonitor adds
        yield Asked(rule["seriesQuery"], series, "")
        metric = rule["metricsQuery"].replace("<<.LabelMatchers>>", 'responder="agent-runner"')
        yield Asked(rule["name"]["as"], metric, "")


def of_a_scrape() -> set[str]:
    """The labels that Prometheus puts on all it reads, under Compose and in a cluster alike."""
    scraped = yaml.safe_load((ROOT / "deploy/telemetry/prometheus.yml").read_text())["scrape_configs"][0]
    by_compose = {each["target_label"] for each in scraped["relabel_configs"]}
    monitor = yaml.safe_load(
        (ROOT / "deploy/k8s/components/prometheus-operator/pod-monitor.yaml").read_text()
    )
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    return by_compose & {each["targetLabel"] for each in endpoint["relabelings"]}


def known() -> dict[str, set[str]]:
    """The metrics of all services, what Prometheus adds, and what the rules record of them."""
    metrics = Metrics()
    for of_a_service in (EdgeMetrics, ProjectionMetrics, StreamMetrics, VoiceMetrics):
        of_a_service(metrics.registry)
    always = of_a_scrape()
    found = {"up": always, "parley_voice_sessions": always}
    found |= {name: labels | always for name, labels in _exposed(metrics.registry)}
    for rule in rules():
        if "record" in rule:
            found[rule["record"]] = labels(promql.parse(rule["expr"]), found)
    return found


def _exposed(registry: CollectorRegistry) -> Iterator[tuple[str, set[str]]]:
    for metric in registry._collector_to_names:  # the library tells labels only of what has been counted
        assert isinstance(metric, Counter | Gauge | Histogram)
        own = {"le"} if isinstance(metric, Histogram) else set()
        for suffix in SUFFIXES[type(metric)]:
            yield metric._name + suffix, own | set(metric._labelnames)


def labels(expression: promql.Expr, known: Known) -> set[str]:
    """The labels of what an expression gives.

    Raises:
        AssertionError: if it asks for a metric or goes by a label that nobody gives.
    """
    match expression:
        case promql.VectorSelector(name=str(name), matchers=matchers):
            assert name in known, f"{name} is not measured"
            wanted = {each.name for each in matchers.matchers}
            assert wanted <= known[name], f"{name} has no {wanted - known[name]}"
            return set(known[name])
        case promql.MatrixSelector(vector_selector=inner):
            return labels(inner, known)
        case promql.ParenExpr(expr=inner) | promql.UnaryExpr(expr=inner) | promql.SubqueryExpr(expr=inner):
            return labels(inner, known)
        case promql.AggregateExpr(expr=inner, modifier=modifier):
            within, by = labels(inner, known), set(modifier.labels) if modifier else set()
            assert by <= within, f"{inner} has no {by - within}"
            return within - by if modifier and modifier.type == promql.AggModifierType.Without else by
        case promql.Call(func=function, args=arguments):
            given = set[str]().union(*(labels(each, known) for each in arguments))
            if function.name == "histogram_quantile":
                assert "le" in given, f"no buckets: {expression}"
                given.remove("le")
            return given
        case promql.BinaryExpr(lhs=left, rhs=right, op=operator):
            sides = [
                labels(each, known) for each in (left, right) if not isinstance(each, promql.NumberLiteral)
            ]
            return set.intersection(*sides) if str(operator) in ("or", "and") else sides[0]
        case promql.NumberLiteral() | promql.StringLiteral():
            return set()
    raise AssertionError(f"not known: {type(expression)}")


def shown(words: str) -> set[str]:
    """The labels that an alert's words or a legend tell."""
    return {first or second for first, second in OF_A_LIST.findall(words)}
