"""What the alerts and the dashboard ask Prometheus.

Debian's python3-yaml.
"""
import json
import pathlib
import re

import yaml

DOCKER = pathlib.Path(__file__).parents[2] / "docker"
ALERTS = DOCKER / "prometheus/alerts.yaml"
DASHBOARD = DOCKER / "grafana/dashboards/embedding-server.json"

VARIABLE_QUERY = re.compile(r"^label_values\((.+), *(\w+)\)$")
# {{ $labels.table }} of an alert, {{table}} of a legend.
ALERT_LABEL = re.compile(r"\$labels\.(\w+)")
LEGEND_LABEL = re.compile(r"{{ *(\w+) *}}")


def alerts():
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard():
    return json.loads(DASHBOARD.read_text())


def alert_queries():
    """Triples: where, expression, labels used with its results."""
    for rule in alerts():
        texts = " ".join(rule["annotations"].values())
        yield rule["alert"], rule["expr"], ALERT_LABEL.findall(texts)


def dashboard_queries():
    board = dashboard()
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            match = VARIABLE_QUERY.match(variable["query"]["query"])
            yield variable["name"], match.group(1), [match.group(2)]
    for annotation in board["annotations"]["list"]:
        yield (annotation["name"], annotation["expr"],
               LEGEND_LABEL.findall(annotation["titleFormat"]))
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            yield (panel["title"], target["expr"],
                   LEGEND_LABEL.findall(target["legendFormat"]))


def missing(scrape):
    """What alerts and dashboard use and the scrape has not, as texts."""
    return [f"{where}: {complaint}"
            for where, expression, labels in
            [*alert_queries(), *dashboard_queries()]
            for complaint in scrape.missing(expression, labels)]
