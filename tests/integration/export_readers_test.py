#!/usr/bin/python3
"""What NumPy and PyTorch read in the files that embctl table export writes.
Where Debian's python3-numpy or python3-torch is not installed, what it would
read is skipped.

EMB_BIN_DIR names the directory of embedding-server and embctl.
"""
import json
import os
import pathlib
import struct
import sys
import tempfile
import unittest

try:
    import numpy
except ImportError:
    numpy = None
try:
    import torch
except ImportError:
    torch = None
for library, package in ((numpy, "python3-numpy"), (torch, "python3-torch")):
    if library is None:
        print(f"SKIPPED: what needs {package}, which is not installed")
if numpy is None and torch is None:
    sys.exit(77)

import npy
from server_process import ServerProcess

BIN = os.environ["EMB_BIN_DIR"]


class ExportReaders(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-export-")
        self.addCleanup(temp.cleanup)
        self.temp = pathlib.Path(temp.name)
        self.server = ServerProcess(BIN, self.temp / "data")
        self.addCleanup(self.server.kill)
        self.server.start()

    def table(self, command, *args):
        return self.server.embctl("table", command, *map(str, args))

    @unittest.skipIf(numpy is None, "want python3-numpy")
    def test_numpy_reads_what_is_written(self):
        npy.write(self.temp / "special.npy", "f", [4, 3], npy.EVERY_KIND)
        self.table("import", "special", self.temp / "special.npy")
        want = struct.pack("<12f", *npy.EVERY_KIND)
        self.table("export", "special", self.temp / "a.npy")
        rows = numpy.load(self.temp / "a.npy")
        self.assertEqual((rows.dtype, rows.shape), (numpy.float32, (4, 3)))
        self.assertEqual(rows.tobytes(), want)
        self.table("export", "special", self.temp / "a.tsv")
        rows = numpy.loadtxt(self.temp / "a.tsv", dtype=numpy.float32,
                             delimiter="\t")
        self.assertEqual(rows.tobytes(), want)

    @unittest.skipIf(numpy is None, "want python3-numpy")
    def test_numpy_reads_the_records_of_word2vec(self):
        npy.write(self.temp / "special.npy", "f", [4, 3], npy.EVERY_KIND)
        self.table("import", "special", self.temp / "special.npy")
        words = ["a", "of", "the", "h\u00e9"]
        (self.temp / "words.tsv").write_text(
            "".join(f"{row}\t{word}\n" for row, word in enumerate(words)),
            encoding="utf-8")
        self.table("export", "special", self.temp / "a.bin", "--tokens",
                   self.temp / "words.tsv")
        content = (self.temp / "a.bin").read_bytes()
        header, rest = content.split(b"\n", 1)
        self.assertEqual(header, b"4 3")
        rows = []
        for word in words:
            found, rest = rest.split(b" ", 1)
            self.assertEqual(found.decode(), word)
            rows.append(numpy.frombuffer(rest, numpy.dtype("<f4"), count=3))
            rest = rest[12:].removeprefix(b"\n")
        self.assertEqual(rest, b"")
        self.assertEqual(numpy.stack(rows).tobytes(),
                         struct.pack("<12f", *npy.EVERY_KIND))

    @unittest.skipIf(torch is None, "want python3-torch")
    def test_pytorch_looks_up_in_what_is_written(self):
        npy.write(self.temp / "rows.npy", "f", [5, 3], range(15))
        self.table("import", "item", self.temp / "rows.npy")
        self.table("export", "item", self.temp / "a.safetensors", "--tensor",
                   "item.weight")
        content = bytearray((self.temp / "a.safetensors").read_bytes())
        (length,) = struct.unpack_from("<Q", content)
        tensor = json.loads(content[8:8 + length])["item.weight"]
        self.assertEqual(tensor["dtype"], "F32")
        begin, end = tensor["data_offsets"]
        weight = torch.frombuffer(content, dtype=torch.float32,
                                  count=(end - begin) // 4,
                                  offset=8 + length + begin)
        rows = torch.nn.functional.embedding(
            torch.tensor([4, 0]), weight.reshape(tensor["shape"]))
        self.assertEqual(rows.tolist(), [[12, 13, 14], [0, 1, 2]])


if __name__ == "__main__":
    unittest.main()
