#!/usr/bin/python3
"""promtool takes the configuration and the alerts, and each alert is tested.

Exits with 77 where promtool or Debian's python3-yaml is missing.
"""
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

import promtool

try:
    import yaml

    import monitoring
except ImportError as error:
    print(f"SKIPPED: wants python3-yaml: {error}", file=sys.stderr)
    sys.exit(77)

PROMTOOL = promtool.find_or_skip()
TESTS = sorted(pathlib.Path(__file__).parent.glob("alerts*_test.yaml"))
PROMETHEUS = monitoring.DOCKER / "prometheus"
OPERATIONS = monitoring.DOCKER.parent / "docs/operations.md"


def anchors(markdown):
    """Where a link into the file may point, as GitHub names its headings."""
    headings = re.findall(r"^#+ +(.*)$", markdown, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            for heading in headings}


class Files(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-prometheus-")
        self.addCleanup(temp.cleanup)
        self.copy = pathlib.Path(temp.name, "docker/prometheus")
        shutil.copytree(PROMETHEUS, self.copy)

    def check(self, what, path):
        return promtool.run(PROMTOOL, "check", what, path)

    def test_the_configuration_is_sound(self):
        status, said = self.check("config", PROMETHEUS / "prometheus.yaml")
        self.assertEqual(status, 0, said)
        # It names the alerts, which are checked with it.
        self.assertIn(f"{len(monitoring.alerts())} rules found", said)

    def test_the_control_what_is_wrong_is_refused(self):
        cases = [
            ("prometheus.yaml", "scrape_interval", "scrape_intervall"),
            ("prometheus.yaml", "alerts.yaml", "alarms.yaml"),
            ("alerts.yaml", "for: 1m", "for: soon"),
            ("alerts.yaml", "expr: emb_serving == 0", "expr: emb_serving =="),
            ("alerts.yaml", "{{ $labels.table }}", "{{ $labels.table }"),
        ]
        for name, old, new in cases:
            with self.subTest(old):
                text = (PROMETHEUS / name).read_text()
                self.assertIn(old, text)
                (self.copy / name).write_text(text.replace(old, new, 1))
                status, said = self.check("config",
                                          self.copy / "prometheus.yaml")
                self.assertNotEqual(status, 0, said)
                shutil.copy(PROMETHEUS / name, self.copy / name)


class Alerts(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-alerts-")
        self.addCleanup(temp.cleanup)
        # The tests name the alerts by a relative path.
        copies = pathlib.Path(temp.name, "tests/packaging")
        copies.mkdir(parents=True)
        self.tests = [shutil.copy(test, copies) for test in TESTS]
        self.alerts = pathlib.Path(temp.name, "docker/prometheus/alerts.yaml")
        self.alerts.parent.mkdir(parents=True)

    def test_all_fire_when_they_should_and_only_then(self):
        status, said = promtool.run(PROMTOOL, "test", "rules", *TESTS)
        self.assertEqual(status, 0, said)

    def test_the_control_each_alert_is_tested_both_ways(self):
        for expression in ("vector(1) == 0", "vector(1)"):
            rules = yaml.safe_load(monitoring.ALERTS.read_text())
            alerts = [rule for group in rules["groups"]
                      for rule in group["rules"]]
            for alert in alerts:
                alert["expr"] = expression
            self.alerts.write_text(yaml.safe_dump(rules))
            status, said = promtool.run(PROMTOOL, "test", "rules", *self.tests)
            self.assertNotEqual(status, 0)
            for alert in alerts:
                with self.subTest(alert["alert"], expression=expression):
                    self.assertIn(f"alertname: {alert['alert']},", said)

    def test_each_says_how_bad_it_is_and_what_to_do(self):
        names = [alert["alert"] for alert in monitoring.alerts()]
        self.assertEqual(len(names), len(set(names)))
        for alert in monitoring.alerts():
            with self.subTest(alert["alert"]):
                self.assertRegex(alert["alert"], "^EmbeddingServer[A-Z]")
                self.assertIn(alert["labels"]["severity"],
                              ("critical", "warning"))
                self.assertTrue(alert["annotations"]["summary"])
                self.assertTrue(alert["annotations"]["description"])
                self.assertEqual(
                    alert["annotations"]["runbook_url"],
                    f"docs/operations.md#{alert['alert'].lower()}")

    def test_every_runbook_is_there(self):
        if not OPERATIONS.exists():
            self.skipTest(f"SKIPPED: there is no {OPERATIONS}")
        there = anchors(OPERATIONS.read_text())
        missing = [alert["alert"] for alert in monitoring.alerts()
                   if alert["alert"].lower() not in there]
        self.assertEqual(missing, [])
        self.assertNotIn("embeddingserverontheroof", there)


if __name__ == "__main__":
    unittest.main()
