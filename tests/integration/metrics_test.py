#!/usr/bin/python3
"""What /metrics, the probes and the log tell is what happened.

EMB_BIN_DIR names the directory of embedding-server and embctl. Runs with
Debian's python3 and python3-grpcio; exits with 77 where that is missing.
"""
import hashlib
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from server_process import TIMEOUT_SECONDS, ServerProcess

try:
    import grpc
except ImportError:
    print("SKIPPED: want python3-grpcio", file=sys.stderr)
    sys.exit(77)

BIN = os.environ["EMB_BIN_DIR"]
SAMPLE = re.compile(r'^([a-z_0-9]+)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def lookup_request(table, ids):
    """A LookupRequest as bytes: Feature{table = 1, ids = 3 packed sfixed64}."""
    packed = b"".join(struct.pack("<q", i) for i in ids)
    feature = bytes([0x0a, len(table)]) + table.encode()
    feature += bytes([0x1a, len(packed)]) + packed
    return bytes([0x0a, len(feature)]) + feature


class Metrics(unittest.TestCase):

    def serve(self, *flags):
        temp = tempfile.TemporaryDirectory(prefix="emb-metrics-")
        self.addCleanup(temp.cleanup)
        server = ServerProcess(BIN, os.path.join(temp.name, "data"), flags)
        self.addCleanup(server.kill)
        return server.start()

    def get(self, server, path):
        """Status and body of a page."""
        try:
            with urllib.request.urlopen(f"http://{server.http_address}{path}",
                                        timeout=TIMEOUT_SECONDS) as page:
                return page.status, page.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def scrape(self, server):
        """Samples by name and labels, and types by name."""
        status, text = self.get(server, "/metrics")
        self.assertEqual(status, 200)
        samples, types = {}, {}
        for line in text.splitlines():
            if line.startswith("# TYPE"):
                _, _, name, kind = line.split(" ")
                types[name] = kind
            if line.startswith("#"):
                continue
            name, labels, value = SAMPLE.match(line).groups()
            key = (name, frozenset(LABEL.findall(labels or "")))
            self.assertNotIn(key, samples, "a series stands twice")
            samples[key] = float(value)
        return samples, types

    def settled(self, server):
        """Samples once nothing is in flight."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            samples, _ = self.scrape(server)
            if samples["emb_inflight_requests", frozenset()] == 0:
                return samples
        self.fail("lookups stay in flight")

    def total(self, samples, name, **labels):
        """Sum of the series of a name that have these labels."""
        wanted = set(labels.items())
        return sum(value for (of, has), value in samples.items()
                   if of == name and wanted <= has)

    def bench(self, server, *args):
        done = server.embctl("bench", "item", "--duration", "500ms",
                             "--warmup", "0s", *args, check=False)
        self.assertIn(done.returncode, (0, 7), done.stderr)

    def assert_reconciled(self, samples):
        accepted = self.total(samples, "emb_lookup_requests_total")
        answered = self.total(samples, "emb_lookup_answered_total")
        failed = self.total(samples, "emb_lookup_failed_total")
        shed = self.total(samples, "emb_shed_total")
        self.assertEqual(accepted, answered + failed + shed)
        self.assertEqual(
            self.total(samples, "emb_lookup_seconds_count"), answered + failed)
        # Every call that began has ended, but for those that scrape.
        methods = {dict(has)["grpc_method"] for of, has in samples
                   if of == "grpc_server_started_total"}
        self.assertIn("LookupStream", methods)
        for method in methods:
            self.assertEqual(
                self.total(samples, "grpc_server_started_total",
                           grpc_method=method),
                self.total(samples, "grpc_server_handled_total",
                           grpc_method=method), method)
        return accepted, answered, failed, shed

    def test_everything_received_is_accounted_for(self):
        server = self.serve()
        server.embctl("table", "create", "item", "--rows", "10000", "--dim",
                      "16", "--padding-idx", "0")
        server.embctl("table", "create", "user", "--rows", "10", "--dim", "4")
        self.bench(server, "--ids", "100", "--connections", "3")
        self.bench(server, "--ids", "100", "--stream", "--depth", "4")
        before = self.settled(server)
        for ids, status in ((["1", "0", "0"], 0), (["10000"], 3)):
            done = server.embctl("lookup", "item", *ids, check=False)
            self.assertEqual(done.returncode, status)
        server.embctl("lookup", "nobody", "1", check=False)
        samples = self.settled(server)
        accepted, answered, failed, shed = self.assert_reconciled(samples)
        self.assertGreater(answered, 100)
        self.assertEqual((failed, shed), (2, 0))

        def gained(name, **labels):
            return (self.total(samples, name, **labels) -
                    self.total(before, name, **labels))

        self.assertEqual(accepted, self.total(
            before, "emb_lookup_requests_total") + 3)
        self.assertEqual(gained("emb_table_ids_total", table="item"), 3)
        self.assertEqual(gained("emb_table_padding_ids_total", table="item"), 2)
        self.assertEqual(gained("emb_table_errors_total", table="item",
                                code="OutOfRange"), 1)
        self.assertEqual(gained("emb_table_errors_total", table="_other",
                                code="NotFound"), 1)
        # What the benchmark asked for, id by id.
        lookups = self.total(samples, "emb_table_lookups_total", table="item")
        self.assertEqual(
            self.total(samples, "emb_table_ids_total", table="item"),
            (lookups - 1) * 100 + 3)
        self.assertEqual(
            self.total(samples, "grpc_server_handled_total",
                       grpc_method="CreateTable", grpc_code="OK"), 2)

    def test_what_is_shed_is_accounted_for_too(self):
        # The control: without a limit nothing is shed.
        for limit, is_shed in ((1, True), (1000, False)):
            server = self.serve("--queue_timeout=1m",
                                f"--inflight_requests_max={limit}")
            server.embctl("table", "create", "item", "--rows", "10000",
                          "--dim", "64")
            self.bench(server, "--ids", "2000", "--connections", "4",
                       "--depth", "8")
            shed = self.assert_reconciled(self.settled(server))[3]
            self.assertEqual(shed > 0, is_shed)
            # And it answers as before.
            server.embctl("lookup", "item", "1")

    def test_tables_come_and_go(self):
        server = self.serve()
        server.embctl("table", "create", 'item', "--rows", "10", "--dim", "4")
        samples, types = self.scrape(server)
        for name, value in (("rows", 10), ("bytes", 160), ("version", 1),
                            ("revision", 0), ("damaged", 0)):
            self.assertEqual(
                self.total(samples, f"emb_table_{name}", table="item"), value)
            self.assertEqual(types[f"emb_table_{name}"], "gauge")
        self.assertEqual(self.total(samples, "emb_sync_seconds_count"), 1)
        server.embctl("table", "drop", "item")
        samples, _ = self.scrape(server)
        self.assertNotIn(("emb_table_rows", frozenset({("table", "item")})),
                         samples)

    def test_probes_follow_the_server(self):
        server = self.serve("--drain_delay=60s")
        self.assertEqual(self.get(server, "/livez"), (200, "ok\n"))
        self.assertEqual(self.get(server, "/readyz"), (200, "ok\n"))
        self.assertEqual(self.get(server, "/nothing")[0], 404)
        os.kill(server.pid, signal.SIGTERM)
        server.wait_for("draining")
        self.assertEqual(self.get(server, "/readyz"), (503, "draining\n"))
        self.assertEqual(self.get(server, "/livez")[0], 200)

    def test_a_trace_is_passed_on_to_the_log(self):
        server = self.serve("--lookup_log_sampling=1")
        server.embctl("table", "create", "item", "--rows", "10", "--dim", "4")
        trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
        with grpc.insecure_channel(server.data_address) as channel:
            lookup = channel.unary_unary("/embedding.v1.EmbeddingService/Lookup")
            lookup(lookup_request("item", [1, 2]), timeout=TIMEOUT_SECONDS,
                   metadata=(("traceparent", f"00-{trace}-{span}-01"),))
        event = server.wait_for("lookup")
        self.assertEqual((event["trace_id"], event["span_id"]), (trace, span))
        self.assertEqual((event["features"], event["ids"]), (1, 2))
        self.assertEqual(event["code"], "OK")
        with grpc.insecure_channel(server.admin_address) as channel:
            get = channel.unary_unary("/embedding.v1.TableAdmin/GetTable")
            get(b"\x0a\x04item", timeout=TIMEOUT_SECONDS,
                metadata=(("traceparent", f"00-{trace}-{span}-01"),))
        server.stop()
        calls = [e for e in server.events if e.get("event") == "call"
                 and e["method"] == "GetTable"]
        self.assertEqual([e["trace_id"] for e in calls], [trace])

    def test_who_called_is_logged_by_name_alone(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-metrics-")
        self.addCleanup(temp.cleanup)
        secret = "a token that no log has"
        path = os.path.join(temp.name, "tokens.toml")
        with open(path, "w", encoding="utf-8") as tokens:
            tokens.write(
                '[[token]]\nname = "ranker"\nrole = "admin"\nsha256 = '
                f'"{hashlib.sha256(secret.encode()).hexdigest()}"\n')
        server = self.serve(f"--token_file={path}", "--lookup_log_sampling=1")
        metadata = (("authorization", f"Bearer {secret}"),)
        with grpc.insecure_channel(server.admin_address) as channel:
            status = channel.unary_unary("/embedding.v1.TableAdmin/GetStatus")
            status(b"", timeout=TIMEOUT_SECONDS, metadata=metadata)
        with grpc.insecure_channel(server.data_address) as channel:
            lookup = channel.unary_unary("/embedding.v1.EmbeddingService/Lookup")
            for sent in (metadata, ()):
                with self.assertRaises(grpc.RpcError):
                    lookup(lookup_request("nobody", [1]),
                           timeout=TIMEOUT_SECONDS, metadata=sent)
        server.stop()
        self.assertEqual(
            [(e["event"], e.get("token")) for e in server.events
             if e["event"] in ("call", "lookup")],
            [("call", "ranker"), ("lookup", "ranker"), ("lookup", None)])
        self.assertNotIn(secret, server.log_text())

    def test_a_port_that_is_taken_is_named(self):
        server = self.serve()
        temp = tempfile.TemporaryDirectory(prefix="emb-metrics-")
        self.addCleanup(temp.cleanup)
        done = subprocess.run(
            [os.path.join(BIN, "embedding-server"), f"--data_dir={temp.name}/d",
             "--listen=127.0.0.1:0", "--admin_listen=127.0.0.1:0",
             f"--http_listen={server.http_address}"],
            capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
        self.assertEqual(done.returncode, 1)
        self.assertIn("--http_listen", done.stderr)


if __name__ == "__main__":
    unittest.main()
