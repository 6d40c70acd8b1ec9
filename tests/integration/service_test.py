#!/usr/bin/python3
"""embedding-server as its machine sees it: what it tells systemd, open files
and open ports.

EMB_BIN_DIR names the directory of embedding-server and embctl.
"""
import ipaddress
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest
from unittest import mock

from server_process import TIMEOUT_SECONDS, ServerProcess

BIN = os.environ["EMB_BIN_DIR"]
EXIT_FAILURE = 1


class ServiceTest(unittest.TestCase):

    def setUp(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-service-")
        self.addCleanup(temp.cleanup)
        self.temp = temp.name
        self.data_dir = os.path.join(self.temp, "data")

    def server(self):
        server = ServerProcess(BIN, self.data_dir)
        self.addCleanup(server.kill)
        return server


class Notifications(ServiceTest):

    def receiver(self, address):
        """A socket in the place of systemd's, and its variables."""
        receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(receiver.close)
        receiver.settimeout(TIMEOUT_SECONDS)
        receiver.bind(address)
        name = address if isinstance(address, str) else address.decode()
        variables = mock.patch.dict(os.environ, {
            "NOTIFY_SOCKET": name.replace("\0", "@"),
            "WATCHDOG_USEC": "20000"})
        variables.start()
        self.addCleanup(variables.stop)
        return receiver

    def next_with(self, receiver, prefix):
        """The next message that begins so, as a dict; those before it too."""
        before = []
        while True:
            text = receiver.recv(4096).decode()
            message = dict(line.split("=", 1) for line in text.split("\n"))
            if text.startswith(prefix):
                return message, before
            before.append(message)

    def test_tells_of_its_whole_life(self):
        receiver = self.receiver(os.path.join(self.temp, "notify"))
        server = self.server().start()
        ready, before = self.next_with(receiver, "READY=1")
        self.assertEqual(ready["STATUS"], f"Serving on {server.data_address}")
        # Patience first, and no sign of life that nobody asks for yet.
        self.assertGreater(int(before[0]["EXTEND_TIMEOUT_USEC"]), 10_000_000)
        self.assertNotIn("WATCHDOG", str(before))
        self.next_with(receiver, "WATCHDOG=1")
        self.next_with(receiver, "WATCHDOG=1")
        os.kill(server.pid, signal.SIGHUP)
        reloading, _ = self.next_with(receiver, "RELOADING=1")
        self.assertGreater(int(reloading["MONOTONIC_USEC"]), 0)
        again, _ = self.next_with(receiver, "READY=1")
        self.assertEqual(again, {"READY": "1"})
        self.assertEqual(server.stop(), 0)
        self.next_with(receiver, "STOPPING=1")

    def test_an_abstract_socket_is_one_too(self):
        receiver = self.receiver(f"\0emb-service-test-{os.getpid()}")
        server = self.server().start()
        self.next_with(receiver, "READY=1")
        self.assertEqual(server.stop(), 0)

    def test_a_socket_that_is_gone_is_no_reason_to_stop(self):
        receiver = self.receiver(os.path.join(self.temp, "notify"))
        os.unlink(os.path.join(self.temp, "notify"))
        server = self.server().start()
        server.wait_for("notify_failed")
        server.embctl("health")
        self.assertEqual(server.stop(), 0)
        receiver.setblocking(False)
        self.assertRaises(BlockingIOError, receiver.recv, 1)


class OpenFiles(ServiceTest):

    def test_takes_what_there_is(self):
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with self.server() as server:
            self.assertEqual(
                resource.prlimit(server.pid, resource.RLIMIT_NOFILE),
                (hard, hard))

    def test_too_few_are_refused(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (256, 4096))
        done = subprocess.run(
            [os.path.join(BIN, "embedding-server"),
             f"--data_dir={self.data_dir}"], capture_output=True, text=True,
            timeout=TIMEOUT_SECONDS, preexec_fn=limit)
        self.assertEqual(done.returncode, EXIT_FAILURE, done.stderr)
        self.assertIn("the limit is 4096, want 8192 or more", done.stderr)
        self.assertFalse(os.path.exists(self.data_dir))


LISTEN = "0A"  # As /proc/PID/net/tcp names the state.
NAMESPACE = ["unshare", "--net", "sh", "-c",
             'ip link set lo up && exec "$0" "$@"']


def may_make_namespaces():
    return (shutil.which("ip") is not None and
            subprocess.run([*NAMESPACE, "true"], capture_output=True,
                           check=False).returncode == 0)


@unittest.skipUnless(may_make_namespaces(),
                     "wants iproute2, and the right to make namespaces")
class OpenPorts(ServiceTest):

    def start_alone(self, *flags):
        """A server as it comes, where every port is free."""
        server = subprocess.Popen(
            [*NAMESPACE, os.path.join(BIN, "embedding-server"),
             f"--data_dir={self.data_dir}", "--drain_delay=0s", *flags],
            stderr=subprocess.PIPE, text=True)
        self.addCleanup(server.stderr.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        for line in server.stderr:
            if json.loads(line).get("event") == "serving":
                return server
        self.fail("it does not serve")

    @staticmethod
    def sockets(pid, protocol, state=None):
        """Of its namespace: address and port, an IPv4 address as such."""
        with open(f"/proc/{pid}/net/{protocol}", encoding="ascii") as table:
            fields = [line.split() for line in table.readlines()[1:]]
        found = set()
        for field in fields:
            address, port = field[1].split(":")
            # Words of the machine's byte order.
            words = bytes.fromhex(address)
            packed = b"".join(words[i:i + 4][::-1]
                              for i in range(0, len(words), 4))
            host = ipaddress.ip_address(packed)
            host = getattr(host, "ipv4_mapped", None) or host
            if state is None or field[3] == state:
                found.add((str(host), int(port, 16)))
        return found

    def listening(self, server):
        return (self.sockets(server.pid, "tcp", LISTEN) |
                self.sockets(server.pid, "tcp6", LISTEN))

    def test_listens_on_loopback_at_three_ports(self):
        server = self.start_alone()
        self.assertEqual(
            self.listening(server),
            {("127.0.0.1", port) for port in (50051, 50052, 50053)})
        for protocol in ("udp", "udp6", "raw", "raw6"):
            self.assertEqual(self.sockets(server.pid, protocol), set())

    def test_control_another_address_is_seen(self):
        server = self.start_alone("--listen=0.0.0.0:7", "--insecure",
                                  "--http_listen=")
        found = self.listening(server)
        self.assertEqual({port for _, port in found}, {7, 50052})
        self.assertIn(("127.0.0.1", 50052), found)
        self.assertNotIn(("127.0.0.1", 7), found)


if __name__ == "__main__":
    unittest.main()
