#!/usr/bin/python3
"""Versions of tables through embctl: published together, rolled back, pinned.

EMB_BIN_DIR names the directory of embedding-server and embctl.
"""
import json
import os
import tempfile
import unittest

import npy
from server_process import ServerProcess

BIN = os.environ["EMB_BIN_DIR"]


class Versions(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-versions-")
        self.addCleanup(temp.cleanup)
        self.temp = temp.name
        self.server = ServerProcess(BIN, os.path.join(self.temp, "data"),
                                    ["--keep_versions=3"])
        self.addCleanup(self.server.kill)
        self.server.start()

    def import_rows(self, name, value, *flags):
        """A table of four rows that hold `value`."""
        path = os.path.join(self.temp, "rows.npy")
        npy.write(path, "f", [4, 2], [value] * 8)
        return self.server.embctl("table", "import", name, path, *flags)

    def value(self, table):
        found = json.loads(self.server.embctl("lookup", table, "2",
                                              "--json").stdout)
        return found["values"][0][0]

    def versions(self, name):
        """{version: (state words)}"""
        listed = json.loads(self.server.embctl("table", "versions", name,
                                               "--json").stdout)
        return {v["version"]: [word for word in ("current", "pinned")
                               if v[word]] for v in listed}

    def restart(self):
        self.assertEqual(self.server.stop(), 0)
        self.server.start()

    def test_publishes_and_rolls_back_over_a_restart(self):
        self.import_rows("item", 1)
        self.import_rows("item", 2)
        out = self.import_rows("item", 3, "--no-publish").stdout
        self.assertIn("not published", out)
        self.assertEqual(self.versions("item"), {1: [], 2: ["current"], 3: []})
        self.assertEqual(self.value("item"), 2)
        self.restart()
        self.assertEqual(self.value("item"), 2)
        self.server.embctl("table", "publish", "item")
        self.assertEqual(self.value("item"), 3)
        out = self.server.embctl("table", "rollback", "item").stdout
        self.assertEqual(out, "rolled back to item@2\n")
        self.restart()
        self.assertEqual(self.value("item"), 2)
        self.assertEqual(self.versions("item"), {1: [], 2: ["current"], 3: []})

    def test_publishes_tables_together_or_not_at_all(self):
        for name in ("item", "user"):
            self.import_rows(name, 1)
            self.import_rows(name, 2, "--no-publish")
        failed = self.server.embctl("table", "publish", "item@2", "user@9",
                                    check=False)
        self.assertIn("NOT_FOUND", failed.stderr)
        self.assertEqual((self.value("item"), self.value("user")), (1, 1))
        epoch = self.epoch()
        self.server.embctl("table", "publish", "item@2", "user@2")
        self.assertEqual(self.epoch(), epoch + 1)
        self.assertEqual((self.value("item"), self.value("user")), (2, 2))

    def epoch(self):
        return json.loads(self.server.embctl("status", "--json").stdout)[
            "epoch"]

    def test_a_pinned_version_can_be_looked_up(self):
        self.import_rows("item", 1)
        self.import_rows("item", 2)
        refused = self.server.embctl("lookup", "item@1", "0", check=False)
        self.assertIn("kept on disk only, pin it", refused.stderr)
        self.server.embctl("table", "pin", "item@1")
        self.assertEqual((self.value("item@1"), self.value("item")), (1, 2))
        for value in (3, 4, 5):
            self.import_rows("item", value)
        self.restart()
        self.assertEqual(self.versions("item"),
                         {1: ["pinned"], 3: [], 4: [], 5: ["current"]})
        self.assertEqual(self.value("item@1"), 1)
        self.server.embctl("table", "unpin", "item@1")
        self.assertNotIn(1, self.versions("item"))

    def test_a_table_that_is_not_published_is_shown(self):
        self.import_rows("item", 1, "--no-publish")
        listed = json.loads(self.server.embctl("table", "list",
                                               "--json").stdout)
        self.assertEqual([(t["name"], t["state"]) for t in listed],
                         [("item", "on disk")])
        refused = self.server.embctl("lookup", "item", "0", check=False)
        self.assertIn("no version is published", refused.stderr)
        self.server.embctl("table", "drop", "item")
        gone = self.server.embctl("table", "versions", "item", check=False)
        self.assertIn("NOT_FOUND", gone.stderr)


if __name__ == "__main__":
    unittest.main()
