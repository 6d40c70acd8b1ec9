#!/usr/bin/python3
"""A server that is asked for more than it can do does what it can.

Finds the rate that the server reaches in a closed loop, then asks for several
times as much in an open loop. The control: a server that sheds nothing lets
everyone wait. A greedy caller does not starve a modest one; the control: both
under one name.

Wants root and a CPU controller of cgroups, which holds the server; skipped
without. EMB_BIN_DIR names the directory of embedding-server and embctl;
EMB_OVERLOAD_SECONDS is how long each load lasts.
"""
import hashlib
import os
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "integration"))
from cgroup import CpuCgroup, LimitedServer, is_there  # noqa: E402

BIN = os.environ["EMB_BIN_DIR"]
SECONDS = float(os.environ.get("EMB_OVERLOAD_SECONDS", "1"))
# Dear for the server, cheap to ask for and to be refused: bags of 2,048 rows of
# 32 KiB, some milliseconds each.
ROWS, DIM = 2_500, 8_192
HEAVY = ["--ids", "2048", "--pool", "sum", "--bag", "2048"]
# Of a CPU, for the server: what it can do is then the same whatever the load
# takes of the others.
CPU_SHARE = 0.5
GOODPUT_MIN = 0.5  # A refusal costs some 60 us of CPU time, too.
FACTORS = (4,) if SECONDS < 4 else (2, 4, 10)
NO_SHEDDING = ["--queue_timeout=1m", "--inflight_requests_max=1000000"]


def answered(result):
    """Answers a second of a result of embctl bench."""
    return result["answered"] / result["seconds"]


class Overload(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-overload-")
        self.addCleanup(temp.cleanup)
        self.temp = pathlib.Path(temp.name)
        self.servers = 0

    def serve(self, *flags):
        self.servers += 1
        cgroup = CpuCgroup(CPU_SHARE)
        self.addCleanup(cgroup.remove)
        server = LimitedServer(cgroup, BIN, self.temp / f"data{self.servers}",
                               flags)
        self.addCleanup(server.kill)
        return server.start()

    def create(self, server, *args):
        server.embctl("table", "create", "item", "--rows", str(ROWS), "--dim",
                      str(DIM), *args)

    def start_bench(self, server, *args):
        return server.start_bench("item", "--duration", f"{SECONDS}s",
                                  "--warmup", "500ms", *HEAVY, *args)

    def bench(self, server, *args):
        return server.finish_bench(self.start_bench(server, *args), SECONDS)

    def peak(self, server):
        self.create(server)
        return answered(self.bench(server, "--connections", 4, "--depth", 2))

    def overload(self, server, rate):
        """Rate of answers, and p99 of these in ms, at a rate of lookups."""
        loaded = self.bench(server, "--connections", 4, "--rate", int(rate))
        return answered(loaded), loaded["latency_us"]["p99"] / 1000

    def test_goodput_stays_and_the_rest_is_refused_at_once(self):
        server = self.serve()
        peak = self.peak(server)
        _, calm_p99 = self.overload(server, 0.7 * peak)
        print(f"overload: peak {peak:.0f}/s, p99 {calm_p99:.1f} ms at 0.7 of "
              "it")
        for factor in FACTORS:
            goodput, p99 = self.overload(server, factor * peak)
            shed = server.metrics()["emb_shed_total"]
            print(f"{factor} times the peak: {goodput / peak:.0%} of it "
                  f"answered, p99 {p99:.1f} ms, {shed:.0f} shed")
            self.assertGreater(goodput, peak * GOODPUT_MIN)
        self.assertGreater(shed, 0)
        # And it is over when it is over.
        server.embctl("lookup", "item", "1", "2")
        self.assertEqual(server.metrics()["emb_queued_requests"], 0)
        server.kill()
        control = self.serve(*NO_SHEDDING)
        _, control_p99 = self.overload(control, FACTORS[-1] *
                                       self.peak(control))
        print(f"without shedding: p99 {control_p99:.1f} ms")
        self.assertEqual(control.metrics()["emb_shed_total"], 0)
        self.assertLess(p99, control_p99)

    def tokens(self, **names):
        """A token file of these names, and each one's own secret file."""
        path = self.temp / "tokens.toml"
        text = ""
        for name, secret in names.items():
            (self.temp / secret).write_text(secret)
            digest = hashlib.sha256(secret.encode()).hexdigest()
            text += (f'[[token]]\nname = "{name}"\nsha256 = "{digest}"\n'
                     'role = "admin"\n')
        path.write_text(text)
        path.chmod(0o600)
        return path

    def share_of_the_modest(self, modest_secret):
        """Answers a second to one call at a time beside a flood."""
        tokens = self.tokens(greedy="greedy-secret-0123456789",
                             modest="modest-secret-0123456789")
        server = self.serve(f"--token_file={tokens}", "--queue_timeout=1s")
        greedy = ["--token-file", self.temp / "greedy-secret-0123456789"]
        self.create(server, *map(str, greedy))
        flood = self.start_bench(server, "--connections", 6, "--depth", 16,
                                 *greedy)
        modest = self.bench(server, "--token-file", self.temp / modest_secret)
        server.finish_bench(flood, SECONDS)
        return answered(modest)

    def test_a_greedy_caller_does_not_starve_a_modest_one(self):
        fair = self.share_of_the_modest("modest-secret-0123456789")
        control = self.share_of_the_modest("greedy-secret-0123456789")
        print(f"fairness: beside 96 lookups in flight one caller gets "
              f"{fair:.0f}/s under its own name, {control:.0f}/s under theirs")
        self.assertGreater(fair, 2 * control)


if __name__ == "__main__":
    if not is_there(lambda: CpuCgroup(CPU_SHARE)):
        sys.exit(77)
    unittest.main()
