#!/usr/bin/python3
"""docs/operations.md tells of every event that the server logs, of every metric
that it shows and of every alert that there is, and of no other event.

Reads the sources: what is added to them and not to the guide fails here.
"""
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "operations.md"
ALERTS = ROOT / "docker" / "prometheus" / "alerts.yaml"

# A call that logs, or runs what may fail, up to its first fields, function
# body or end: the names in between are events.
CALL = re.compile(r"\b(?:Log\w*|Run\w*)\(([^{\[;]*)[{\[;]")
NAME = re.compile(r'"([a-z]+(?:_[a-z]+)*)"')
METRIC = re.compile(
    r'"((?:emb|grpc_server|process)_[a-z]+(?:_[a-z]+)*)[a-z_]*["{]')
ALERT = re.compile(r"^\s*- alert: (\w+)$", re.MULTILINE)


def events_in(source):
    return {name for call in CALL.findall(source)
            for name in NAME.findall(call)}


def metrics_in(source):
    return set(METRIC.findall(source))


def sources():
    return [path.read_text() for path in sorted((ROOT / "server").rglob("*.cc"))]


def section(guide, heading):
    return guide.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def quoted(text):
    return set(re.findall(r"`([a-z]+(?:_[a-z]+)*)`", text))


def documented_events(guide):
    """The first column of the table of events."""
    return {name for line in section(guide, "Logs").splitlines()
            if line.startswith("| `") for name in quoted(line.split(" | ")[0])}


class OperationsGuide(unittest.TestCase):

    def setUp(self):
        self.guide = GUIDE.read_text()

    def test_every_event_is_told_and_no_other(self):
        events = set().union(*map(events_in, sources()))
        self.assertGreater(len(events), 30)
        self.assertEqual(events, documented_events(self.guide))

    def test_every_metric_is_told(self):
        metrics = set().union(*map(metrics_in, sources()))
        self.assertEqual(metrics - quoted(section(self.guide, "Metrics")),
                         set())

    def test_every_alert_has_its_heading(self):
        if not ALERTS.exists():
            self.skipTest(f"no {ALERTS}")
        alerts = set(ALERT.findall(ALERTS.read_text()))
        self.assertGreater(len(alerts), 0)
        self.assertEqual(
            alerts, set(re.findall(r"^### (\w+)$",
                                   section(self.guide, "Alerts"),
                                   re.MULTILINE)))

    def test_control_names_are_found_as_the_code_writes_them(self):
        source = '''
            Log(ok ? LogLevel::kInfo
                   : LogLevel::kError,
                ok ? "one_done" : "one_failed", {{"table", name}});
            Log(LogLevel::kInfo, "two");
            LogFailure("three_failed", status);
            return RunIn(deps_.workers, context, "four_failed",
                         [this, x]() -> absl::Status { return Ok("five"); });
            Counter("emb_lookups_total", "Lookups."); Help("emb");
            out << "process_open_fds{" << "grpc_server_msg_sent_total";
        '''
        self.assertEqual(events_in(source), {"one_done", "one_failed", "two",
                                             "three_failed", "four_failed"})
        self.assertEqual(metrics_in(source),
                         {"emb_lookups_total", "process_open_fds",
                          "grpc_server_msg_sent_total"})
        self.assertEqual(
            documented_events("\n## Logs\n| `a` | `b` | x |\n"
                              "| `c_d`, `e` | | |\n\n## Flags\n| `f` | |\n"),
            {"a", "c_d", "e"})


if __name__ == "__main__":
    unittest.main()
