#!/usr/bin/python3
"""A network that loses packets, is narrow, or is cut: calls end by their
deadline, answers are right or none, and a client is back within seconds.

Wants root, network namespaces, iptables and tc; skipped without. All of it
happens in namespaces of its own. EMB_BIN_DIR names the directory of
embedding-server and embctl.
EMB_PARTITION_SECONDS  how long the network is cut
"""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.append(str(pathlib.Path(__file__).parent.parent / "integration"))
from server_process import ServerProcess  # noqa: E402

BIN = os.environ["EMB_BIN_DIR"]
PARTITION_SECONDS = float(os.environ.get("EMB_PARTITION_SECONDS", "4"))
RECONNECT_SECONDS = 5
INSIDE, OUTSIDE = "10.0.0.2", "10.0.0.1"
RATE = 50
# That of a lookup, unless the caller says another.
DEADLINE_SECONDS = 1


def run(*command):
    subprocess.run(command, check=True, capture_output=True)


class Network(unittest.TestCase):
    """The server is in a namespace behind a pair of virtual cables; this
    process is in another one (see the end), which has nothing else."""

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-network-")
        self.addCleanup(temp.cleanup)
        self.temp = pathlib.Path(temp.name)
        self.namespace = f"emb-test-{os.getpid()}"
        run("ip", "netns", "add", self.namespace)
        self.addCleanup(run, "ip", "netns", "del", self.namespace)
        run("ip", "link", "add", "outer", "type", "veth", "peer", "inner",
            "netns", self.namespace)
        self.addCleanup(subprocess.run, ["ip", "link", "del", "outer"],
                        check=False, capture_output=True)
        run("ip", "addr", "add", f"{OUTSIDE}/24", "dev", "outer")
        run("ip", "link", "set", "outer", "up")
        self.inside("ip", "addr", "add", f"{INSIDE}/24", "dev", "inner")
        self.inside("ip", "link", "set", "inner", "up")
        self.inside("ip", "link", "set", "lo", "up")
        self.start_server()

    def inside(self, *command):
        run("ip", "netns", "exec", self.namespace, *command)

    def start_server(self):
        binaries = self.temp / "bin"
        binaries.mkdir()
        (binaries / "embctl").symlink_to(os.path.join(BIN, "embctl"))
        server = binaries / "embedding-server"
        server.write_text(f'#!/bin/sh\nexec ip netns exec {self.namespace} '
                          f'{BIN}/embedding-server "$@"\n')
        server.chmod(0o755)
        self.server = ServerProcess(
            binaries, self.temp / "data",
            [f"--listen={INSIDE}:0", f"--admin_listen={INSIDE}:0",
             "--insecure"])
        self.addCleanup(self.server.kill)
        self.server.start()
        self.server.embctl("table", "create", "item", "--rows", "1000",
                           "--dim", "64")
        self.right = self.answer()

    def answer(self):
        # A lost packet of a new connection is sent again after a second.
        return self.server.embctl("--timeout", "30", "lookup", "item", "0",
                                  "999").stdout

    def bench(self, seconds, ids=16):
        return subprocess.Popen(
            [os.path.join(BIN, "embctl"), "--server", self.server.data_address,
             "--admin", self.server.admin_address, "bench", "item", "--ids", str(ids), "--rate", str(RATE),
             "--duration", f"{seconds}s", "--warmup", "0s", "--json"],
            stdout=subprocess.PIPE, text=True)

    def report(self, bench, seconds):
        """Its report; it must end when its last call must."""
        start = time.monotonic()
        out, _ = bench.communicate(timeout=seconds + 30)
        took = time.monotonic() - start
        self.assertLess(took, seconds + DEADLINE_SECONDS + 5)
        return json.loads(out)

    def test_a_partition_is_left_behind(self):
        before, after = 2, RECONNECT_SECONDS + 3
        seconds = before + PARTITION_SECONDS + after
        bench = self.bench(seconds)
        time.sleep(before)  # How long each state lasts, not a wait for one.
        cut = time.monotonic()
        run("iptables", "-I", "INPUT", "-i", "outer", "-j", "DROP")
        try:
            time.sleep(PARTITION_SECONDS)
        finally:
            run("iptables", "-D", "INPUT", "-i", "outer", "-j", "DROP")
        cut = time.monotonic() - cut
        report = self.report(bench, after)
        failed = report["failed"]
        back = failed / RATE - cut
        print(f"cut for {cut:.1f} s: {failed} lookups failed of "
              f"{RATE * seconds:.0f}; back {max(back, 0):.1f} s later")
        # The control: it was cut.
        self.assertGreater(failed, RATE * (cut - DEADLINE_SECONDS) / 2)
        self.assertLess(back, RECONNECT_SECONDS)
        self.assertEqual(self.answer(), self.right)

    def test_lost_packets_cost_time_only(self):
        rule = ("-i", "outer", "-m", "statistic", "--mode", "random",
                "--probability", "0.05", "-j", "DROP")
        run("iptables", "-I", "INPUT", *rule)
        self.inside("iptables", "-I", "INPUT", "-i", "inner", *rule[2:])
        self.addCleanup(run, "iptables", "-D", "INPUT", *rule)
        report = self.report(self.bench(5, ids=256), 5)
        failed = report["failed"]
        dropped = subprocess.run(
            ["iptables", "-nvxL", "INPUT"], check=True, capture_output=True,
            text=True).stdout.splitlines()[2].split()[0]
        print(f"5 % lost each way: {failed} of {5 * RATE} lookups failed, "
              f"{dropped} packets lost this way")
        self.assertGreater(int(dropped), 10)  # The control.
        self.assertLess(failed, 5 * RATE / 2)
        for _ in range(5):
            self.assertEqual(self.answer(), self.right)

    def test_a_narrow_network_bounds_the_rate_not_the_wait(self):
        self.inside("tc", "qdisc", "add", "dev", "inner", "root", "tbf",
                    "rate", "10mbit", "burst", "32kbit", "latency", "400ms")
        # 50 times 1,024 rows of 256 bytes a second are ten times as much.
        report = self.report(self.bench(5, ids=1024), 5)
        answered = report["answered"]
        print(f"10 Mbit/s: {answered} of {5 * RATE} lookups of 256 KiB "
              "answered")
        self.assertGreater(answered, 0)
        self.assertLess(answered, 5 * RATE / 2)  # The control.
        self.assertEqual(self.answer(), self.right)


def why_not():
    for tool in ("ip", "iptables", "tc", "unshare"):
        if shutil.which(tool) is None:
            return f"wants {tool}"
    if os.geteuid() != 0:
        return "wants root"
    # What the tests do first, and last.
    tried = subprocess.run(
        ["unshare", "--net", "sh", "-c",
         "ip link set lo up && ip link add one type veth peer two && "
         "iptables -I INPUT -m statistic --mode random --probability 0.5 "
         "-j ACCEPT && tc qdisc add dev one root tbf rate 10mbit burst 32kbit "
         "latency 400ms"], check=False, capture_output=True, text=True)
    return tried.stderr.strip() if tried.returncode != 0 else None


if __name__ == "__main__":
    if os.environ.get("EMB_IN_NAMESPACE") != "1":
        reason = why_not()
        if reason is not None:
            print(f"SKIPPED: {reason}", file=sys.stderr)
            sys.exit(77)
        os.execvpe("unshare",
                   ["unshare", "--net", sys.executable, *sys.argv],
                   {**os.environ, "EMB_IN_NAMESPACE": "1"})
    run("ip", "link", "set", "lo", "up")
    unittest.main()
