#!/usr/bin/python3
"""Imports and exports over a connection that breaks: they go on where they were.

EMB_BIN_DIR names the directory of embedding-server and embctl.
"""
import hashlib
import json
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import threading
import unittest

import npy
from cutting_proxy import CuttingProxy
from server_process import TIMEOUT_SECONDS, ServerProcess

BIN = os.environ["EMB_BIN_DIR"]
ROWS, DIM = 100_000, 32  # 12.8 MB: a dozen messages.


class Resume(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-resume-")
        self.addCleanup(temp.cleanup)
        self.temp = pathlib.Path(temp.name)
        self.file = self.temp / "item.npy"
        npy.write(self.file, "f", [ROWS, DIM])
        with open(self.file, "r+b") as file:
            file.seek(128)
            file.write(random.Random(1).randbytes(ROWS * DIM * 4 // 4) * 4)
        # Bits of any kind, also NaNs, which keep theirs.
        _, rows = npy.read_bytes(self.file)
        self.want = hashlib.sha256(rows).hexdigest()
        self.size = len(rows)

    def serve(self, *flags):
        server = ServerProcess(BIN, self.temp / "data", flags)
        self.addCleanup(server.kill)
        return server.start()

    def proxy(self, server, cuts, **kwargs):
        proxy = CuttingProxy(server.admin_address, cuts, **kwargs)
        self.addCleanup(proxy.close)
        return proxy

    def embctl(self, server, admin, *args, check=True):
        """embctl whose control plane is at `admin`."""
        done = subprocess.run(
            [os.path.join(BIN, "embctl"), "--server", server.data_address,
             "--admin", admin, "table", *map(str, args)],
            capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
        if check:
            self.assertEqual(done.returncode, 0, done.stderr)
        return done

    def digest(self, path):
        return hashlib.sha256(npy.read_bytes(path)[1]).hexdigest()

    def exported(self, server):
        self.embctl(server, server.admin_address, "export", "item",
                    self.temp / "out.npy", "--force")
        return self.digest(self.temp / "out.npy")

    def count(self, server, event):
        return sum(e.get("event") == event for e in server.events)

    def test_an_import_goes_on(self):
        server = self.serve()
        proxy = self.proxy(server, [5_000_000, 3_000_000])
        self.embctl(server, proxy.address, "import", "item", self.file)
        self.assertEqual(self.exported(server), self.want)
        self.assertEqual(proxy.cuts, [])
        # What was on its way is sent again, not what came before.
        self.assertLess(proxy.forwarded, self.size + 8_000_000)
        self.assertEqual(self.count(server, "import_failed"), 2)
        self.assertEqual(self.count(server, "table_imported"), 1)

    def test_an_import_whose_answer_is_lost_is_done_once(self):
        server = self.serve()
        # The answer is the first that holds its name as a field.
        proxy = self.proxy(server, [], lose=b"\x04item")
        done = self.embctl(server, proxy.address, "import", "item", self.file)
        self.assertIsNone(proxy.lose)
        self.assertIn("version 1", done.stdout)
        self.assertEqual(self.count(server, "table_imported"), 1)
        self.assertEqual(self.exported(server), self.want)

    def test_an_import_leaves_a_silent_connection(self):
        server = self.serve()
        proxy = self.proxy(server, [5_000_000], silent=True)
        # Four seconds of silence, which the server does not know of.
        self.embctl(server, proxy.address, "import", "item", self.file,
                    "--timeout", "12")
        self.assertEqual(self.exported(server), self.want)
        self.assertEqual(proxy.cuts, [])
        self.assertEqual(self.count(server, "table_imported"), 1)

    def test_what_is_interrupted_leaves_nothing(self):
        server = self.serve()
        begun = threading.Event()
        go_on = threading.Event()

        def wait():
            begun.set()
            go_on.wait(TIMEOUT_SECONDS)

        # In the middle, not cut.
        proxy = self.proxy(server, [])
        proxy.pause = (2_000_000, wait)
        importer = self.start_import(server, proxy.address)
        self.assertTrue(begun.wait(TIMEOUT_SECONDS))
        importer.send_signal(signal.SIGINT)
        go_on.set()
        _, err = importer.communicate(timeout=TIMEOUT_SECONDS)
        self.assertEqual(importer.returncode, 9, err)
        self.assertIn("CANCELLED", err)
        status = json.loads(server.embctl("status", "--json").stdout)
        self.assertEqual(status["memory_used_bytes"], 0)
        self.assertEqual(self.count(server, "table_imported"), 0)

    def test_a_file_that_is_another_meanwhile_is_refused(self):
        server = self.serve()
        other = self.temp / "other.npy"
        npy.write(other, "f", [ROWS, DIM])
        proxy = self.proxy(server, [5_000_000],
                           on_cut=lambda: other.replace(self.file)
                           if other.exists() else None)
        done = self.embctl(server, proxy.address, "import", "item", self.file,
                           check=False)
        self.assertEqual(done.returncode, 10, done.stderr)
        self.assertIn(f'"{self.file}": changed since the import began',
                      done.stderr)
        status = json.loads(server.embctl("status", "--json").stdout)
        self.assertEqual(status["memory_used_bytes"], 0)

    def test_an_export_goes_on(self):
        server = self.serve()
        self.embctl(server, server.admin_address, "import", "item", self.file)
        proxy = self.proxy(server, [5_000_000, 3_000_000])
        self.embctl(server, proxy.address, "export", "item",
                    self.temp / "cut.npy")
        self.assertEqual(self.digest(self.temp / "cut.npy"), self.want)
        self.assertEqual(proxy.cuts, [])
        self.assertLess(proxy.forwarded, self.size + 8_000_000)

    def test_an_import_begins_anew_where_the_server_was_killed(self):
        server = self.serve()
        restarted = threading.Event()

        def kill_and_restart():
            if not restarted.is_set():
                restarted.set()
                server.kill()
                server.start()
                proxy.target = ("127.0.0.1",
                                int(server.admin_address.rsplit(":", 1)[1]))

        proxy = self.proxy(server, [5_000_000], on_cut=kill_and_restart)
        self.embctl(server, proxy.address, "import", "item", self.file)
        self.assertTrue(restarted.is_set())
        self.assertEqual(self.exported(server), self.want)

    def start_import(self, server, admin):
        return subprocess.Popen(
            [os.path.join(BIN, "embctl"), "--admin", admin, "--server",
             server.data_address, "table", "import", "item", str(self.file)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def kill_an_import(self, server):
        """Ends an embctl in the middle of an import, as kill -9 does."""
        cut = threading.Event()
        proxy = self.proxy(server, [5_000_000] + 100 * [0], on_cut=cut.set)
        importer = self.start_import(server, proxy.address)
        self.assertTrue(cut.wait(TIMEOUT_SECONDS))
        importer.kill()
        importer.communicate()
        server.wait_for("import_failed")

    def test_what_was_given_up_is_in_nobodys_way(self):
        server = self.serve()
        self.kill_an_import(server)
        self.embctl(server, server.admin_address, "import", "item", self.file)
        self.assertEqual(self.exported(server), self.want)

    def test_and_is_dropped_in_time(self):
        server = self.serve("--import_idle_timeout=1s")
        self.kill_an_import(server)
        server.wait_for("import_dropped")
        listed = self.embctl(server, server.admin_address, "list", "--json")
        self.assertEqual(listed.stdout.strip(), "[]")


if __name__ == "__main__":
    unittest.main()
