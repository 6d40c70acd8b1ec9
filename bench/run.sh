#!/usr/bin/env bash
# The benchmarks: kernels in process, then lookups against a server of its own.
# Called by `./dev bench`.
#
#   bench/run.sh BIN_DIR [FLAGS OF lookup_bench]
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
bin=$1
shift

grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //'
echo "$(nproc) cores, $(awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo) MiB"

echo
echo "== kernels, one thread"
"$bin/core_bench" 2>/dev/null

echo
echo "== wire to wire, one thread"
"$bin/codec_bench" 2>/dev/null

echo
echo "== lookups over gRPC"
"$here/../examples/with_server.sh" "$bin" lookup_bench "$@"
