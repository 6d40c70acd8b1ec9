#!/usr/bin/python3
"""Files of every format through embctl table import: the bytes that the server
answers are those that expect.json gives, or the file is refused.

EMB_BIN_DIR names the directory of embedding-server and embctl,
EMB_FORMATS_DIR that of the files.
"""
import hashlib
import json
import os
import pathlib
import tempfile
import unittest

import npy
from server_process import ServerProcess

BIN = os.environ["EMB_BIN_DIR"]
FILES = pathlib.Path(os.environ["EMB_FORMATS_DIR"])
EXIT_INVALID = 3


def expectations():
    """(path, tensor or None, what is expected of it) of every table."""
    for directory in (FILES, FILES / "third_party"):
        listed = json.loads((directory / "expect.json").read_text())
        for name, what in listed.items():
            if "table_2d" in what or "sha256_f32le" in what:
                yield directory / name, what.get("member"), what
            else:  # By tensor.
                for tensor, one in what.items():
                    if isinstance(one, dict) and "shape" in one:
                        yield directory / name, tensor, one


class ImportFormats(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-formats-")
        self.addCleanup(temp.cleanup)
        self.temp = pathlib.Path(temp.name)
        self.server = ServerProcess(BIN, self.temp / "data")
        self.addCleanup(self.server.kill)
        self.server.start()

    def digest_of_rows(self, table, num_rows):
        npy.write(self.temp / "ids.npy", "q", [num_rows], range(num_rows))
        self.server.embctl("lookup", table, "--ids-from",
                           str(self.temp / "ids.npy"), "--out",
                           str(self.temp / "rows.npy"))
        _, rows = npy.read_bytes(self.temp / "rows.npy")
        return hashlib.sha256(rows).hexdigest()

    def test_every_file_is_read_bit_for_bit_or_refused(self):
        num_read = num_refused = 0
        for path, tensor, what in expectations():
            with self.subTest(path=path.name, tensor=tensor):
                flags = ["--tensor", tensor] if tensor else []
                if path.suffix == ".bytes":
                    flags += ["--rows", str(what["shape"][0]), "--dim",
                              str(what["shape"][1])]
                done = self.server.embctl("table", "import",
                                          f"t{num_read}", str(path), *flags,
                                          check=False)
                shape = what.get("shape") or []
                is_table = (what.get("well_formed", True) and
                            len(shape) == 2 and 0 not in shape and
                            "sha256_f32le" in what)
                if not is_table:
                    self.assertEqual(done.returncode, EXIT_INVALID, done)
                    self.assertIn(f'"{path}"', done.stderr)
                    num_refused += 1
                else:
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertEqual(
                        self.digest_of_rows(f"t{num_read}", shape[0]),
                        what["sha256_f32le"])
                    num_read += 1
        print(f"{num_read} tables read, {num_refused} files refused")
        self.assertGreater(num_read, 25)
        self.assertGreater(num_refused, 15)


if __name__ == "__main__":
    unittest.main()
