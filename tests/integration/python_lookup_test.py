#!/usr/bin/python3
"""examples/python/lookup.py gives the rows that embctl gives.

EMB_BIN_DIR names the directory of embedding-server and embctl. Runs with
Debian's python3 and python3-grpcio; exits with 77 where that is missing.
"""
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

from server_process import TIMEOUT_SECONDS, ServerProcess

EXAMPLE = pathlib.Path(__file__).parents[2] / "examples" / "python"
EXIT_USAGE = 2
EXIT_SKIPPED = 77


def float32(nested):
    """Numbers as the bytes of float32: shortest decimals differ by type."""
    if isinstance(nested, list):
        return [float32(value) for value in nested]
    return struct.pack("<f", nested)


class PythonLookup(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        temp = tempfile.TemporaryDirectory(prefix="emb-python-")
        cls.addClassCleanup(temp.cleanup)
        cls.stubs = os.path.join(temp.name, "stubs")
        subprocess.run([EXAMPLE / "make_stubs.sh", cls.stubs], check=True)
        data_dir = os.path.join(temp.name, "data")
        cls.server = ServerProcess(os.environ["EMB_BIN_DIR"], data_dir)
        cls.server.start()
        cls.addClassCleanup(cls.server.kill)

    def create(self, name, rows, dim):
        self.server.embctl("table", "create", name, "--rows", str(rows),
                           "--dim", str(dim), "--seed", "7")

    def lookup(self, table, ids):
        return subprocess.run(
            [sys.executable, EXAMPLE / "lookup.py", "--stubs", self.stubs,
             "--server", self.server.data_address, table, *map(str, ids)],
            capture_output=True, text=True, timeout=TIMEOUT_SECONDS)

    def test_gives_the_rows_that_embctl_gives(self):
        self.create("films", 100, 8)
        ids = [3, 99, 0, 3]
        done = self.lookup("films", ids)
        self.assertEqual(done.returncode, 0, done.stderr)
        head, *rows = [json.loads(line) for line in done.stdout.splitlines()]
        wanted = json.loads(self.server.embctl(
            "--json", "lookup", "films", *map(str, ids)).stdout)
        self.assertEqual(head["table"], "films")
        self.assertEqual(head["version"], wanted["version"])
        self.assertEqual(head["shape"], wanted["shape"])
        self.assertEqual([row["id"] for row in rows], ids)
        self.assertEqual(float32([row["values"] for row in rows]),
                         float32(wanted["values"]))

    # A row is 256 KiB, so that 17 of them pass gRPC's own limit.
    def test_takes_an_answer_above_four_mebibytes(self):
        self.create("wide", 17, 65536)
        done = self.lookup("wide", range(17))
        self.assertEqual(done.returncode, 0, done.stderr[-2000:])
        lines = done.stdout.splitlines()
        self.assertEqual(json.loads(lines[0])["shape"], [17, 65536])
        self.assertEqual(len(json.loads(lines[17])["values"]), 65536)

    def test_says_what_was_wrong(self):
        self.create("small", 4, 2)
        done = self.lookup("small", [4])
        self.assertEqual(done.returncode, 1)
        self.assertIn("OUT_OF_RANGE", done.stderr)
        self.assertIn("[0, 4)", done.stderr)


def main():
    if "EMB_BIN_DIR" not in os.environ:
        print("EMB_BIN_DIR: not set", file=sys.stderr)
        sys.exit(EXIT_USAGE)
    try:
        import grpc  # noqa: F401
    except ImportError as error:
        print(f"SKIPPED: {error}; want Debian's python3-grpcio",
              file=sys.stderr)
        sys.exit(EXIT_SKIPPED)
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
