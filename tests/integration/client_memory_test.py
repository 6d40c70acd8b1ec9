#!/usr/bin/python3
"""Imports and exports of tables that are larger than the memory of embctl: files
are read, inflated, sent and written in pieces.

EMB_BIN_DIR names the directory of embedding-server and embctl.
"""
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile

import npy
from server_process import ServerProcess

if os.environ.get("EMB_SLOW_BUILD"):
    print("SKIPPED: sanitizers have memory of their own")
    sys.exit(77)

BIN = os.environ["EMB_BIN_DIR"]
DIM = 64
LIMIT_BYTES = 256 << 20
# Over the limit, which could not be kept otherwise.
ROWS = 1_200_000
MARKED_ROWS = [0, ROWS // 2, ROWS - 1]


def write_sparse(path, fortran_order=False):
    """Zeros without blocks on disk, but for 1, 2 and 3 in the first row, the
    middle one and the last, in the last column."""
    head = npy.head("f", [ROWS, DIM], fortran_order)
    with open(path, "wb") as file:
        file.write(head)
        file.truncate(len(head) + ROWS * DIM * 4)
        for value, row in enumerate(MARKED_ROWS, 1):
            place = ((DIM - 1) * ROWS + row if fortran_order else
                     row * DIM + DIM - 1)
            file.seek(len(head) + 4 * place)
            file.write(struct.pack("<f", value))


class ClientMemory(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-memory-")
        self.addCleanup(temp.cleanup)
        self.temp = pathlib.Path(temp.name)
        self.file = self.temp / "item.npy"
        self.server = ServerProcess(BIN, self.temp / "data")
        self.addCleanup(self.server.kill)
        self.server.start()

    def peak_of(self, *args):
        """Bytes that embctl held at most."""
        with open(self.temp / "errors", "w+", encoding="utf-8") as errors:
            process = subprocess.Popen(
                [os.path.join(BIN, "embctl"), "--server",
                 self.server.data_address, "--admin",
                 self.server.admin_address, "table", *map(str, args)],
                stdout=subprocess.DEVNULL, stderr=errors)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            errors.seek(0)
            self.assertEqual(process.returncode, 0, errors.read())
        print(f"{' '.join(map(str, args[:2]))}: {self.id().split('.')[-1]}: "
              f"{usage.ru_maxrss / 1024:.0f} MiB", flush=True)
        return usage.ru_maxrss * 1024

    def check_import(self):
        self.assertGreater(ROWS * DIM * 4, LIMIT_BYTES)
        self.assertLess(self.peak_of("import", "item", self.file), LIMIT_BYTES)
        answer = self.server.embctl(
            "lookup", "item", *map(str, MARKED_ROWS), "--out",
            str(self.temp / "rows.npy"))
        self.assertEqual(answer.returncode, 0)
        _, rows = npy.read_bytes(self.temp / "rows.npy")
        values = struct.unpack(f"<{3 * DIM}f", rows)
        self.assertEqual(values[DIM - 1::DIM], (1, 2, 3))
        self.assertEqual(sum(values), 6)

    def test_rows_in_order(self):
        write_sparse(self.file)
        self.check_import()
        self.file.unlink()
        out = self.temp / "out.npy"
        self.assertLess(self.peak_of("export", "item", out), LIMIT_BYTES)
        self.assertEqual(out.stat().st_size,
                         len(npy.head("f", [ROWS, DIM])) + ROWS * DIM * 4)

    def test_columns_in_order(self):
        write_sparse(self.file, fortran_order=True)
        self.check_import()

    def test_deflated(self):
        plain = self.temp / "plain.npy"
        write_sparse(plain)
        self.file = self.temp / "item.npz"
        with zipfile.ZipFile(self.file, "w", zipfile.ZIP_DEFLATED,
                             compresslevel=1) as archive:
            archive.write(plain, "item.npy")
        plain.unlink()
        self.assertLess(self.file.stat().st_size, LIMIT_BYTES / 10)
        self.check_import()


if __name__ == "__main__":
    unittest.main()
