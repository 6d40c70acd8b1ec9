#!/usr/bin/python3
"""Data directories that earlier builds wrote are served as they were.

A fixture is a directory as it was when its server was killed, FORMAT.tar.gz,
beside what that server said of it, FORMAT.json. One is added, never replaced,
when the format of docs/format.md changes:

    EMB_BIN_DIR=build/release/bin \\
        tests/integration/stored_format_test.py --write format-2

EMB_BIN_DIR    names the directory of embedding-server and embctl.
EMB_STORES_DIR names that of the fixtures.
"""
import json
import os
import pathlib
import sys
import tarfile
import tempfile
import unittest

import npy
from server_process import ServerProcess

BIN = os.environ["EMB_BIN_DIR"]
STORES = pathlib.Path(os.environ.get(
    "EMB_STORES_DIR",
    pathlib.Path(__file__).parent.parent / "golden" / "stores"))
DTYPES = ["float32", "float16", "bfloat16", "int8", "int4"]


def describe(server):
    """Everything that a caller can see."""
    def embctl(*args):
        return json.loads(server.embctl("--json", *args).stdout)
    tables = embctl("table", "list")
    versions = {table["name"]: embctl("table", "versions", table["name"])
                for table in tables}
    rows = {}
    for table in tables:
        for version in versions[table["name"]]:
            if not (version["current"] or version["pinned"]):
                continue
            name = f"{table['name']}@{version['version']}"
            ids = range(0, version["rows"], 7)
            rows[name] = embctl("lookup", name, *map(str, ids))["values"]
    return {"tables": tables, "versions": versions, "rows": rows}


def make(server, temp):
    """One of everything that is stored."""
    def embctl(*args):
        server.embctl(*map(str, args))
    for dtype in DTYPES:
        embctl("table", "create", dtype, "--rows", 40, "--dim", 8, "--dtype",
               dtype, "--seed", 7, "--init", "xavier_uniform")
    embctl("table", "create", "padded", "--rows", 40, "--dim", 8,
           "--padding-idx", -1, "--max-norm", 1.5, "--init", "normal",
           "--init-arg", "std=2")
    embctl("table", "create", "dropped", "--rows", 4, "--dim", 8)
    path = temp / "rows.npy"
    for version in range(2, 5):
        npy.write(path, "f", [50, 8], [version + i / 8 for i in range(400)])
        embctl("table", "import", "padded", path)
        if version == 2:
            embctl("table", "pin", "padded@2")
    embctl("table", "rollback", "padded")
    npy.write(path, "f", [3, 8], [i / 16 for i in range(24)])
    for name in ("float32", "int8", "padded"):
        embctl("rows", "set", name, "--ids", "0,7,14", "--from", path,
               "--request-id", f"request-{name}")
    embctl("table", "drop", "dropped")


def write(name):
    with tempfile.TemporaryDirectory() as temp:
        temp = pathlib.Path(temp)
        with ServerProcess(BIN, temp / "data") as server:
            make(server, temp)
            seen = describe(server)
            server.kill()
        STORES.mkdir(exist_ok=True)
        with tarfile.open(STORES / f"{name}.tar.gz", "x:gz") as tar:
            tar.add(temp / "data", "data")
        (STORES / f"{name}.json").write_text(
            json.dumps(seen, indent=1) + "\n")


class StoredFormat(unittest.TestCase):
    maxDiff = None

    def test_earlier_ones_are_served(self):
        fixtures = sorted(STORES.glob("*.tar.gz"))
        self.assertTrue(fixtures, STORES)
        for fixture in fixtures:
            with self.subTest(fixture.name):
                self.check(fixture)

    def check(self, fixture):
        want = json.loads(
            fixture.with_name(fixture.name.replace(".tar.gz", ".json"))
            .read_text())
        with tempfile.TemporaryDirectory(prefix="emb-stored-") as temp:
            temp = pathlib.Path(temp)
            with tarfile.open(fixture) as tar:
                tar.extractall(temp)
            with ServerProcess(BIN, temp / "data") as server:
                self.assertEqual(describe(server), want)
                server.embctl("verify")
                # Done then: answered now, and not done again.
                npy.write(temp / "rows.npy", "f", [3, 8],
                          [i / 16 for i in range(24)])
                again = json.loads(server.embctl(
                    "--json", "rows", "set", "float32", "--ids", "0,7,14",
                    "--from", str(temp / "rows.npy"), "--request-id",
                    "request-float32").stdout)
                self.assertTrue(again["repeated_request"], again)
                self.assertEqual(server.stop(), 0)
            # As this build has written it.
            with ServerProcess(BIN, temp / "data") as server:
                self.assertEqual(describe(server), want)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--write"]:
        write(sys.argv[2])
    else:
        unittest.main()
