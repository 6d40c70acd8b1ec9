#!/usr/bin/python3
"""Through embctl and a server: the same numbers as PyTorch.

core is held against every golden case by parity_test; here a part of them
takes the whole way, from the command line to the rows of a lookup.

EMB_BIN_DIR names the directory of embedding-server and embctl, EMB_GOLDEN_DIR
one of golden cases (tests/golden/torch/README.md).
"""
import array
import json
import math
import os
import pathlib
import struct
import tempfile
import unittest
import zlib

import npy
from server_process import ServerProcess

BIN = os.environ["EMB_BIN_DIR"]
GOLDEN = pathlib.Path(os.environ.get(
    "EMB_GOLDEN_DIR",
    pathlib.Path(__file__).resolve().parents[1] / "golden" / "torch"))
# Of the seeds that each scheme was drawn with.
SEED = "42"
# Below this size the last bit is the C library's.
BLOCK_NORMAL = 16
NORMAL_FAMILY = {"normal", "xavier_normal", "kaiming_normal", "sparse",
                 "embedding"}


class Golden:
    """The cases, and the arrays that they refer to."""

    def __init__(self, directory):
        manifest = json.loads((directory / "manifest.json").read_text())
        self.cases = manifest["cases"]
        self.blobs = {}
        for name, code in (("f32", "f"), ("i64", "q")):
            _, content = npy.read_bytes(directory / manifest["blobs"][name])
            self.blobs[name] = array.array(code, content)

    def of_kind(self, kind):
        return [case for case in self.cases if case["kind"] == kind]

    def array(self, reference):
        begin = reference["off"]
        count = math.prod(reference["shape"])
        return self.blobs[reference["t"]][begin:begin + count]


def read_rows(path):
    shape, content = npy.read_bytes(path)
    return shape, array.array("f", content)


def same_bits(a, b):
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b and math.copysign(1, a) == math.copysign(1, b)


def agrees(cmp, got, want):
    if cmp["mode"] == "bits" or not math.isfinite(want):
        return same_bits(got, want)
    return abs(got - want) <= cmp["atol"] + cmp["rtol"] * abs(want)


class PyTorchParity(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.golden = Golden(GOLDEN)

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-parity-")
        self.addCleanup(temp.cleanup)
        self.temp = temp.name
        self.server = ServerProcess(BIN, os.path.join(self.temp, "data"))
        self.addCleanup(self.server.kill)
        self.server.start()

    def lookup(self, table, ids, shape, *flags):
        """Shape and values of a lookup of ids, arranged as `shape` says."""
        ids_file = os.path.join(self.temp, "ids.npy")
        out = os.path.join(self.temp, "rows.npy")
        npy.write(ids_file, "q", shape, list(ids))
        self.server.embctl("lookup", table, "--ids-from", ids_file, "--out",
                           out, *flags)
        return read_rows(out)

    def assert_agrees(self, cmp, got, want):
        self.assertEqual(len(got), len(want))
        for i, (a, b) in enumerate(zip(got, want)):
            self.assertTrue(agrees(cmp, a, b), f"element {i}: {a}, want {b}")

    def create(self, name, case):
        args = [] if case["scheme"] == "embedding" else [
            "--init", case["scheme"]]
        for key, value in case["args"].items():
            if key == "padding_idx":
                if value is not None:
                    args += ["--padding-idx", str(value)]
            else:
                args += ["--init-arg", f"{key}={value!r}".replace("'", "")]
        self.server.embctl(
            "table", "create", name, "--rows", str(case["rows"]), "--dim",
            str(case["cols"]), "--seed", case["seed"], *args)

    def check_matrix(self, name, case):
        rows, cols = case["rows"], case["cols"]
        shape, matrix = self.lookup(name, range(rows), [rows])
        self.assertEqual(shape, (rows, cols))
        out = case["out"]
        if "weight" in out:
            self.assert_agrees(case["cmp"], matrix,
                               self.golden.array(out["weight"]))
        else:
            sample = [matrix[i] for i in self.golden.array(out["sample_index"])]
            self.assert_agrees(case["cmp"], sample,
                               self.golden.array(out["sample_value"]))
        if case["cmp"]["mode"] == "bits" or (
                case["scheme"] in NORMAL_FAMILY and
                rows * cols >= BLOCK_NORMAL):
            self.assertEqual(zlib.crc32(matrix.tobytes()), case["crc32"])

    def test_every_scheme_has_pytorchs_values(self):
        schemes = set()
        for case in self.golden.of_kind("init"):
            seedless = case["scheme"] in ("constant", "ones", "zeros", "eye")
            if case["dtype"] != "f32" or not (seedless or
                                              case["seed"] == SEED):
                continue
            with self.subTest(case["id"]):
                name = f"table-{len(schemes)}-{case['rows']}x{case['cols']}"
                self.create(name, case)
                self.check_matrix(name, case)
                self.server.embctl("table", "drop", name)
                schemes.add(case["scheme"])
        self.assertGreaterEqual(len(schemes), 13, schemes)

    def import_weight(self, name, case):
        weight = case["in"]["weight"]
        path = os.path.join(self.temp, "weight.npy")
        npy.write(path, "f", weight["shape"], list(self.golden.array(weight)))
        args = case["args"]
        flags = []
        if args["max_norm"] is not None:
            flags += ["--max-norm", str(args["max_norm"]), "--norm-type",
                      str(args["norm_type"])]
        if args["padding_idx"] is not None:  # As from_pretrained has it.
            flags += ["--padding-idx", str(args["padding_idx"]),
                      "--keep-padding-row"]
        self.server.embctl("table", "import", name, path, *flags)

    # PyTorch scales the rows that it looks up, a served table all of them as
    # they enter: what a first lookup answers is the same.
    def test_lookups_have_pytorchs_values(self):
        for i, case in enumerate(self.golden.of_kind("lookup")):
            with self.subTest(case["id"]):
                name = f"lookup-{i}"
                self.import_weight(name, case)
                want = case["out"]["output"]
                shape, values = self.lookup(
                    name, self.golden.array(case["in"]["indices"]),
                    want["shape"][:-1])
                self.assertEqual(list(shape), want["shape"])
                self.assert_agrees(case["cmp"], values,
                                   self.golden.array(want))

    def lengths(self, case):
        offsets = list(self.golden.array(case["in"]["offsets"]))
        if not case["args"]["include_last_offset"]:
            offsets.append(case["in"]["indices"]["shape"][0])
        return [b - a for a, b in zip(offsets, offsets[1:])]

    def test_bags_have_pytorchs_values(self):
        pooled = 0
        for i, case in enumerate(self.golden.of_kind("bag")):
            flags = ["--pool", case["args"]["mode"]]
            if case["in"]["offsets"] is not None:
                lengths = self.lengths(case)
                if not lengths:
                    continue  # No bags: nothing to say on a command line.
                flags += ["--lengths", ",".join(map(str, lengths))]
            weights = case["in"]["per_sample_weights"]
            if weights is not None:
                flags += ["--weights",
                          ",".join(map(repr, self.golden.array(weights)))]
            with self.subTest(case["id"]):
                name = f"bag-{i}"
                self.import_weight(name, case)
                indices = case["in"]["indices"]
                shape, values = self.lookup(name, self.golden.array(indices),
                                            indices["shape"], *flags)
                want = case["out"]["output"]
                self.assertEqual(list(shape), want["shape"])
                self.assert_agrees(case["cmp"], values,
                                   self.golden.array(want))
                pooled += 1
        self.assertGreater(pooled, 60)

    # Also after a restart: what is stored is the packed form.
    def test_quantised_tables_have_pytorchs_values(self):
        wants = {}
        for i, case in enumerate(self.golden.of_kind("quant")):
            weight = case["in"]["weight"]
            path = os.path.join(self.temp, "weight.npy")
            npy.write(path, "f", weight["shape"],
                      list(self.golden.array(weight)))
            self.server.embctl("table", "import", f"quant-{i}", path,
                               "--dtype", f"int{case['bits']}")
            wants[f"quant-{i}"] = case
        for _ in range(2):
            for name, case in wants.items():
                with self.subTest(case["id"]):
                    self.check_quantised(name, case)
            self.assertEqual(self.server.stop(), 0)
            self.server.start()

    def check_quantised(self, name, case):
        want = case["out"]["dequantized"]
        rows, dim = want["shape"]
        _, values = self.lookup(name, range(rows), [rows])
        want_values = self.golden.array(want)
        for got, exact in zip(values, want_values):
            self.assertTrue(same_bits(got, exact), f"{got}, want {exact}")
        described = json.loads(self.server.embctl(
            "table", "describe", name, "--json").stdout)
        self.assertEqual(described["bytes"], rows * {
            8: dim + 8, 4: dim // 2 + 4}[case["bits"]])
        given = self.golden.array(case["in"]["weight"])
        errors = [abs(a - b) for a, b in zip(given, want_values)]
        lost = described["quantization_error"]
        self.assertEqual(lost["max_abs"], max(errors))
        self.assertAlmostEqual(
            lost["rms"],
            math.sqrt(sum(e * e for e in errors) / len(errors)))

    def test_half_tables_round_once_to_nearest(self):
        values = [1.0, 2049.0, -0.1, 65504.0, 1e-8, math.inf]
        path = os.path.join(self.temp, "half.npy")
        npy.write(path, "f", [3, 2], values)
        self.server.embctl("table", "import", "half", path, "--dtype",
                           "float16")
        _, got = self.lookup("half", range(3), [3])
        want = struct.unpack("<6e", struct.pack("<6e", *values))
        self.assertEqual(tuple(got), want)
        npy.write(path, "f", [3, 2], [1, 2, 3, 4, 5, 65520])
        refused = self.server.embctl("table", "import", "more", path,
                                     "--dtype", "float16", check=False)
        self.assertEqual(refused.returncode, 3, refused)
        self.assertIn("row 2, column 1: 65520, float16 cannot hold it",
                      refused.stderr)

    def rows_of_embedding(self):
        """[10][3]: what Embedding(10, 3) holds after manual_seed(0)."""
        for case in self.golden.of_kind("init"):
            if (case["scheme"], case["rows"], case["cols"], case["seed"],
                    case["dtype"]) == ("normal", 10, 3, "0", "f32") and (
                        case["args"] == {"mean": 0.0, "std": 1.0}):
                values = self.golden.array(case["out"]["weight"])
                return [list(values[i:i + 3]) for i in range(0, 30, 3)]
        raise AssertionError("no such case")

    # torch.nn.Embedding's own two examples.
    def test_embedding_10_3(self):
        self.server.embctl("table", "create", "item", "--rows", "10", "--dim",
                           "3")
        ids = [[1, 2, 4, 5], [4, 3, 2, 9]]
        shape, values = self.lookup("item", sum(ids, []), [2, 4])
        self.assertEqual(shape, (2, 4, 3))
        rows = self.rows_of_embedding()
        self.assertEqual(list(values),
                         [x for id_ in sum(ids, []) for x in rows[id_]])
        self.assertEqual(values[6:9], values[12:15])  # Both are row 4.

    def test_embedding_10_3_with_padding(self):
        self.server.embctl("table", "create", "item", "--rows", "10", "--dim",
                           "3", "--padding-idx", "6")
        described = json.loads(self.server.embctl(
            "table", "describe", "item", "--json").stdout)
        self.assertEqual((described["rows"], described["dim"]), (10, 3))
        ids = [[1, 2, 6, 4], [5, 6, 7, 8]]
        shape, values = self.lookup("item", sum(ids, []), [2, 4])
        self.assertEqual(shape, (2, 4, 3))
        rows = self.rows_of_embedding()
        rows[6] = [0, 0, 0]
        self.assertEqual(list(values),
                         [x for id_ in sum(ids, []) for x in rows[id_]])


if __name__ == "__main__":
    unittest.main()
