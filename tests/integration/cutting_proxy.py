"""A TCP proxy whose connections break.

Standard library only.
"""
import socket
import threading


class CuttingProxy:
    """Forwards connections to `target`, and cuts them: of the first ones after
    so many bytes of either direction as `cuts` says, of the others none. The
    first time that bytes to a caller have `lose` in them, they are lost, and
    the connection with them. A connection that is to be cut with `silent` is
    kept, but nothing comes through it any more.

    forwarded: bytes from callers and to callers so far.
    """

    def __init__(self, target, cuts, on_cut=lambda: None, lose=None,
                 silent=False):
        host, port = target.rsplit(":", 1)
        self.target = (host, int(port))
        self.cuts = list(cuts)
        self.on_cut = on_cut
        self.lose = lose
        self.silent = silent
        self.forwarded = 0
        self.pause = None  # After so many bytes, call this.
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            cut = self.cuts.pop(0) if self.cuts else None
            try:
                server = socket.create_connection(self.target)
            except OSError:  # There is none just now.
                caller.close()
                continue
            left = [cut]
            for source, sink in ((caller, server), (server, caller)):
                threading.Thread(target=self._forward, daemon=True,
                                 args=(source, sink, server, left)).start()

    def _forward(self, source, sink, server, left):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                self.forwarded += len(data)
                if self.pause and self.forwarded > self.pause[0]:
                    wait, self.pause = self.pause[1], None
                    wait()
                if left[0] is not None:
                    left[0] -= len(data)
                    if left[0] < 0:
                        self.on_cut()
                        if self.silent:
                            continue
                        break
                if source is server and self.lose and self.lose in data:
                    self.lose = None
                    break
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()
