#!/usr/bin/python3
"""The kernels of core beside PyTorch's, one thread, in turns.

    bench/peers/kernels.py BIN_DIR SLICE_SECONDS NUM_ROUNDS

Prints JSON for peer_bench --figures: nanoseconds a row of a gather
(torch.nn.functional.embedding) and of summed bags of 32 (embedding_bag), over
the same ids in a table of 1,000,000 x 64 float32.

Fair: a batch is 8,192 ids, so that Python's own time for a call, some
microseconds, is no part of it worth counting; both check ids. PyTorch makes a
tensor for each answer, from memory that the allocator keeps: it knows no other
way. Debian's python3-torch, hence /usr/bin/python3.
"""

import json
import subprocess
import sys
import tempfile
import time

try:
    import torch
    from torch.nn import functional
except ImportError as error:
    sys.exit(f"bench/peers: {error}: install the Debian package python3-torch")

NUM_ROWS = 1_000_000
DIM = 64
BATCH_IDS = 8_192
IDS_PER_BAG = 32
NUM_BATCHES = 128


def make_table():
    """As kernel_server.cc has it; every value and every sum is exact."""
    row = (torch.arange(NUM_ROWS) % 4_096).to(torch.float32)
    column = torch.arange(DIM).to(torch.float32) / DIM
    return row[:, None] + column[None, :]


class TorchKernels:
    """PyTorch in this process."""

    def __init__(self, ids):
        table = make_table()
        offsets = torch.arange(0, BATCH_IDS, IDS_PER_BAG)
        self._batches = ids.split(BATCH_IDS)
        self._kernels = {
            "gather": lambda ids: functional.embedding(ids, table),
            "bag": lambda ids: functional.embedding_bag(
                ids, table, offsets, mode="sum"),
        }

    def measure(self, name, seconds):
        """Nanoseconds a row, and the sum of the first batch's answer."""
        kernel = self._kernels[name]
        total = kernel(self._batches[0]).to(torch.float64).sum().item()
        start = now = time.perf_counter()
        num_batches = 0
        while now < start + seconds:
            kernel(self._batches[num_batches % NUM_BATCHES])
            num_batches += 1
            now = time.perf_counter()
        return (now - start) * 1e9 / (num_batches * BATCH_IDS), total


class CoreKernels:
    """kernel_peer, in a process of its own that waits when it is not asked."""

    def __init__(self, program, ids_file):
        self._process = subprocess.Popen(
            [program, ids_file], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)

    def measure(self, name, seconds):
        """As TorchKernels.measure."""
        line = ""
        try:
            print(name, round(seconds * 1_000), file=self._process.stdin,
                  flush=True)
            line = self._process.stdout.readline()
            ns, total = line.split()
            return float(ns), float(total)
        except (BrokenPipeError, ValueError):
            sys.exit(f"bench/peers: kernel_peer: {line!r}, want two numbers")

    def close(self):
        self._process.stdin.close()
        self._process.wait()


def main(bin_dir, slice_seconds, num_rounds):
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    torch.manual_seed(1)
    ids = torch.randint(0, NUM_ROWS, (NUM_BATCHES * BATCH_IDS,))
    with tempfile.NamedTemporaryFile() as ids_file:
        ids_file.write(ids.numpy().tobytes())
        ids_file.flush()
        core = CoreKernels(f"{bin_dir}/kernel_peer", ids_file.name)
        peers = {"": core, " torch": TorchKernels(ids)}
        series = {}
        for name in ("gather", "bag"):
            totals = {peer.measure(name, 0.05)[1] for peer in peers.values()}
            if len(totals) != 1:
                sys.exit(f"bench/peers: {name}: the sums differ: {totals}")
            for turn in range(num_rounds * 2):
                # Each round begins with another: 0 1, 1 0, 0 1.
                who = list(peers)[(turn + turn // 2) % 2]
                ns, _ = peers[who].measure(name, slice_seconds)
                series.setdefault(f"{name} ns/row{who}", []).append(ns)
        core.close()
    json.dump({"series": series, "left_out": {}}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
