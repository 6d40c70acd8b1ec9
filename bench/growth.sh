#!/usr/bin/env bash
# How speed changes with rows, ids, connections, tables and features: the
# figures of "Growth" in docs/performance.md. Five minutes.
#
#   examples/with_server.sh build/release/bin bench/growth.sh [ROUNDS [SECONDS]]
#
# Tables of 100,000, 1,000,000 and 20,000,000 rows of 64 floats: 6 GB of memory.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rounds=${1:-3}
seconds=${2:-3}

# NAME FLAGS...: one run, one line.
measure() {
  local name=$1
  shift
  embctl bench "$@" --duration "${seconds}s" --warmup 1s --json |
    "$here/line.py" "$name"
}

embctl table create small --rows 100000 --dim 64 >/dev/null
embctl table create item --rows 1000000 --dim 64 >/dev/null
embctl table create large --rows 20000000 --dim 64 >/dev/null
for i in {1..1000}; do
  embctl table create "t$i" --rows 1000 --dim 64 >/dev/null
done
others=$(printf ',t%d' {2..100})

uptime
for ((round = 0; round < rounds; ++round)); do
  for table in small item large; do
    measure "rows of $table" "$table" --stream --depth 2
  done
  for ids in 64 256 1024 4096 16384 65536; do
    measure "$ids ids" item --ids "$ids"
  done
  for connections in 1 4 64; do
    measure "64 ids, $connections connections" item --ids 64 \
      --connections "$connections"
    measure "unary, $connections connections" item \
      --connections "$connections"
    measure "stream, $connections connections" item --stream \
      --connections "$connections"
  done
  measure "100 features of 100 tables" t1 --tables "${others#,}" --ids 10
  measure "1 feature of 1,000 ids" item --ids 1000
done
uptime
