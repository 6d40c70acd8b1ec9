#!/usr/bin/python3
"""What alerts, dashboard and probes ask of a server, a real one answers.

promql_test is the control: there a metric or label that is renamed is missed.
EMB_BIN_DIR names the directory of embedding-server and embctl. Exits with 77
where Debian's python3-yaml is missing.
"""
import os
import pathlib
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

try:
    import yaml

    import monitoring
except ImportError as error:
    print(f"SKIPPED: wants python3-yaml: {error}", file=sys.stderr)
    sys.exit(77)
import deployment
import promtool
from promql import Scrape

sys.path.append(str(pathlib.Path(__file__).parent.parent / "integration"))
from server_process import TIMEOUT_SECONDS, ServerProcess  # noqa: E402

BIN = os.environ["EMB_BIN_DIR"]
STATEFUL_SET = deployment.DOCKER / "kubernetes/statefulset.yaml"


class RealServer(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        temp = tempfile.TemporaryDirectory(prefix="emb-scrape-")
        cls.addClassCleanup(temp.cleanup)
        cls.server = ServerProcess(
            BIN, os.path.join(temp.name, "data"),
            ["--http_listen=127.0.0.1:0",
             f"--backup_dir={os.path.join(temp.name, 'backup')}"])
        cls.addClassCleanup(cls.server.kill)
        cls.server.start()
        cls.http = cls.server.wait_for("listening")["http"]

    def get(self, path):
        """Status and text."""
        try:
            with urllib.request.urlopen(f"http://{self.http}{path}",
                                        timeout=TIMEOUT_SECONDS) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def test_all_that_is_used_is_there(self):
        self.server.embctl("table", "create", "item", "--rows", "10", "--dim",
                           "4")
        self.server.embctl("lookup", "item", "1", "2")
        for wrong in (("item", "99"), ("nobody", "1")):
            self.assertNotEqual(
                self.server.embctl("lookup", *wrong, check=False).returncode,
                0)
        self.server.embctl("backup", "nightly")
        status, text = self.get("/metrics")
        self.assertEqual(status, 200, text)
        self.assertEqual(monitoring.missing(Scrape(text)), [])
        tool = promtool.find()
        if tool is None:
            self.skipTest("SKIPPED: its form is not checked: no promtool")
        status, said = promtool.run(tool, "check", "metrics", text=text)
        self.assertEqual(status, 0, said)

    def test_the_probes_of_kubernetes_are_answered(self):
        pod = yaml.safe_load(STATEFUL_SET.read_text())["spec"]["template"][
            "spec"]
        container = pod["containers"][0]
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            with self.subTest(probe):
                path = container[probe]["httpGet"]["path"]
                self.assertEqual(self.get(path)[0], 200)
        # The control.
        self.assertEqual(self.get("/nothing")[0], 404)


if __name__ == "__main__":
    unittest.main()
