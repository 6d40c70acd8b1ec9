#!/usr/bin/python3
"""Tables into files and back through embctl: the same bytes, whatever the
format on the way.

EMB_BIN_DIR names the directory of embedding-server and embctl,
EMB_FORMATS_DIR that of files of every format.
"""
import json
import os
import pathlib
import tempfile
import unittest

import npy
from server_process import ServerProcess

BIN = os.environ["EMB_BIN_DIR"]
FILES = pathlib.Path(os.environ["EMB_FORMATS_DIR"])
FORMATS = ("npy", "safetensors", "tsv", "word2vec-binary", "word2vec-text")


class ExportFiles(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-export-")
        self.addCleanup(temp.cleanup)
        self.temp = pathlib.Path(temp.name)
        self.server = ServerProcess(BIN, self.temp / "data")
        self.addCleanup(self.server.kill)
        self.server.start()

    def table(self, command, *args):
        return self.server.embctl("table", command, *map(str, args))

    def make_special(self):
        npy.write(self.temp / "special.npy", "f", [4, 3], npy.EVERY_KIND)
        self.table("import", "special", self.temp / "special.npy")
        return npy.read_bytes(self.temp / "special.npy")[1]

    def rows(self, table):
        self.table("export", table, self.temp / "rows.npy", "--force")
        return npy.read_bytes(self.temp / "rows.npy")

    def round_trip(self, table, want):
        for written in FORMATS:
            with self.subTest(table=table, format=written):
                file = self.temp / f"{table} as {written}"
                self.table("export", table, file, "--format", written)
                # The reader is not told what it is.
                self.table("import", "copy", file)
                self.assertEqual(self.rows("copy"), want)

    def test_import_export_import_is_the_identity(self):
        listed = json.loads((FILES / "expect.json").read_text())
        done = 0
        for name, what in listed.items():
            imported = self.server.embctl("table", "import", f"t{done}",
                                          str(FILES / name), check=False)
            if imported.returncode == 0:
                self.round_trip(f"t{done}", self.rows(f"t{done}"))
                done += 1
        print(f"{done} tables through {len(FORMATS)} formats")
        self.assertGreater(done, 10)

    def test_every_kind_of_value_survives(self):
        self.round_trip("special", ((4, 3), self.make_special()))

    def test_words_survive(self):
        words = self.temp / "words.tsv"
        self.table("import", "genre", FILES / "genre_w2v.txt", "--tokens",
                   words)
        for written in ("word2vec-binary", "word2vec-text"):
            file = self.temp / written
            self.table("export", "genre", file, "--format", written,
                       "--tokens", words)
            self.table("import", "copy", file, "--tokens", self.temp / "again")
            self.assertEqual((self.temp / "again").read_text(),
                             words.read_text())
        # To the last byte what was imported, of a program that is not ours.
        self.table("export", "genre", self.temp / "labels.tsv", "--tokens",
                   words, "--metadata", self.temp / "metadata.tsv")
        self.assertEqual(
            (self.temp / "metadata.tsv").read_text().splitlines(),
            [line.split("\t")[1] for line in words.read_text().splitlines()])

    def test_what_is_not_written_whole_is_not_there(self):
        self.make_special()
        done = self.server.embctl("table", "export", "none",
                                  str(self.temp / "none.npy"), check=False)
        self.assertEqual(done.returncode, 4, done)
        self.assertFalse((self.temp / "none.npy").exists())
        done = self.server.embctl("table", "export", "special",
                                  "/dev/full/a.npy", check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('"/dev/full/a.npy": cannot be written', done.stderr)


if __name__ == "__main__":
    unittest.main()
