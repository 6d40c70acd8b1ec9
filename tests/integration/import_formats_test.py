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


# What a refusal says of the file, besides its name.
REFUSALS = {
    "genre_1d.npy": "shape (832,), want two axes",
    "genre_3d.npy": "shape (26, 2, 16), want two axes",
    "genre_0rows.npy": "shape (0, 32), want at least one row",
    "genre_complex.npy": "complex64 (<c8), want float16",
    "genre_structured.npy": "structured elements, want numbers",
    "genre_object.npy": "Python objects (|O), want float16",
    "genre_truncated.npy": "truncated: 3321 bytes of elements, want 3328",
    "genre_trailing.npy": "bytes after the elements: 3333 bytes",
    "genre_badmagic.npy": "binary data of no format known here",
    "genre_headerlen.npy": "header of 65535 bytes, but only 3446",
    "genre_empty.npy": "an empty file",
    "genre_v9.npy": ".npy version 9.0, want 1.0, 2.0 or 3.0",
    "genre_huge_shape.npy": "shape (4611686018427387905, 4) is beyond 2^63",
    "genre_multi.safetensors": "6 tensors, want --tensor to name one of",
    "genre_truncated.safetensors": "[0, 3328) are past the end, truncated",
    "genre_hugeheader.safetensors": "header of 4611686018427387904 bytes",
    "genre_badjson.safetensors": 'header: not JSON from byte 0 on: "x"',
    "genre_offsets_mismatch.safetensors": "do not fit shape (26, 32) of F32",
    "genre_metadata.tsv": "text (CSV or JSON?)",
    "data_float32_scalar_corder.npy": "shape (), want two axes",
    "data_float64_2x3x4_corder.npy": "shape (2, 3, 4), want two axes",
    "nans_inf.npy": "shape (4,), want two axes",
}


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

    def state(self):
        """All that a refusal must leave as it was."""
        status = json.loads(self.server.embctl("status", "--json").stdout)
        return (status["epoch"], status["memory_used_bytes"],
                self.server.embctl("table", "list", "--json").stdout)

    def test_every_file_is_read_bit_for_bit_or_refused(self):
        num_read = num_refused = 0
        refused = set()
        for path, tensor, what in expectations():
            with self.subTest(path=path.name, tensor=tensor):
                flags = ["--tensor", tensor] if tensor else []
                if path.suffix == ".bytes":
                    flags += ["--rows", str(what["shape"][0]), "--dim",
                              str(what["shape"][1])]
                before = self.state()
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
                    self.assertIn(REFUSALS[path.name], done.stderr)
                    self.assertEqual(self.state(), before)
                    refused.add(path.name)
                    num_refused += 1
                else:
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertNotEqual(self.state(), before)
                    self.assertEqual(
                        self.digest_of_rows(f"t{num_read}", shape[0]),
                        what["sha256_f32le"])
                    num_read += 1
        print(f"{num_read} tables read, {num_refused} files refused")
        self.assertGreater(num_read, 25)
        self.assertEqual(refused, set(REFUSALS))

    def test_the_server_s_refusals_name_the_file(self):
        path = self.temp / "item.npy"
        for value, dtype, what in (
                (70000.0, "float16", "row 1, column 2: 70000, float16 cannot "
                                     "hold it"),
                (float("nan"), "int8", "row 1, column 2: nan, int8 holds "
                                       "finite numbers only")):
            npy.write(path, "f", [2, 3], [0, 1, 2, 3, 4, value])
            before = self.state()
            done = self.server.embctl("table", "import", "item", str(path),
                                      "--dtype", dtype, check=False)
            self.assertEqual(done.returncode, EXIT_INVALID, done)
            self.assertIn(f'"{path}": {what}', done.stderr)
            self.assertEqual(self.state(), before)


if __name__ == "__main__":
    unittest.main()
