#!/usr/bin/python3
"""gRPC server reflection lists each listener's services and no others.

EMB_BIN_DIR names the directory of embedding-server. Exits with 77 where
python3-grpcio is missing. Requests are bytes: the reflection messages are not
part of Debian's Python packages.
"""
import os
import sys
import tempfile
import unittest

from server_process import TIMEOUT_SECONDS, ServerProcess

try:
    import grpc
except ImportError:
    print("SKIPPED: python3-grpcio is not installed")
    sys.exit(77)

METHOD = ("/grpc.reflection.v1alpha.ServerReflection/"
          "ServerReflectionInfo")
LIST_SERVICES = b"\x3a\x00"  # Field 7, list_services, empty.


def services(address):
    with grpc.insecure_channel(address) as channel:
        call = channel.stream_stream(METHOD)
        return next(call(iter([LIST_SERVICES]), timeout=TIMEOUT_SECONDS))


class Reflection(unittest.TestCase):

    def start(self):
        temp = tempfile.TemporaryDirectory(prefix="emb-reflection-")
        self.addCleanup(temp.cleanup)
        server = ServerProcess(os.environ["EMB_BIN_DIR"],
                               os.path.join(temp.name, "data"))
        server.start()
        self.addCleanup(server.kill)
        return server

    def test_lists_what_each_listener_serves(self):
        server = self.start()
        data = services(server.data_address)
        self.assertIn(b"embedding.v1.EmbeddingService", data)
        self.assertNotIn(b"embedding.v1.TableAdmin", data)
        admin = services(server.admin_address)
        self.assertIn(b"embedding.v1.TableAdmin", admin)
        self.assertNotIn(b"embedding.v1.EmbeddingService", admin)


if __name__ == "__main__":
    unittest.main()
