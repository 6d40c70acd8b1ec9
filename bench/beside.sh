#!/usr/bin/env bash
# What creates, drops and imports cost the lookups beside them, and lookups a
# create: the figures of "Beside creates, imports and publishing" in
# docs/performance.md. One minute a round.
#
#   examples/with_server.sh build/release/bin bench/beside.sh [ROUNDS]
#
# 1,000 lookups a second of 1,024 ids; tables of 1,000,000 rows of 64 floats,
# up to twelve at a time: 3 GB of memory. Each kind of work is alone beside the
# lookups: what was created is dropped in the next run.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rounds=${1:-3}
tables_max=12
work=$(mktemp -d)
bench=
trap 'kill $bench 2>/dev/null || true; rm -rf "$work"' EXIT

begin() {
  embctl bench item --ids 1024 --rate 1000 --duration "$1" --warmup 1s \
    --json >"$work/run.json" &
  bench=$!
  sleep 1
}
running() { kill -0 "$bench" 2>/dev/null; }
finish() {
  wait "$bench"
  "$here/line.py" "$1" --histogram <"$work/run.json"
}

create() { embctl table create "$1" --rows 1000000 --dim 64 >/dev/null; }
# What a command takes, in milliseconds.
took() {
  local begin_us=${EPOCHREALTIME/[.,]/}
  "$@"
  times+=("$(((${EPOCHREALTIME/[.,]/} - begin_us) / 1000))")
}

beside_creates() {
  local times=()
  begin 12s
  made=0
  while running && ((made < tables_max)); do
    took create "made$((++made))"
  done
  finish "creates"
  echo "    ms: ${times[*]}"
}

beside_drops() {
  local times=() i
  begin 6s
  for ((i = 1; i <= made; ++i)); do
    took embctl table drop "made$i" >/dev/null
    sleep 0.3
  done
  finish "drops"
  echo "    ms: ${times[*]}"
}

beside_imports() {
  local times=()
  begin 12s
  while running; do
    took embctl table import imported "$work/rows.npy" >/dev/null
  done
  finish "imports"
  echo "    ms: ${times[*]}"
}

create_alone() {
  local times=() i
  for i in 1 2 3; do
    took create alone
    embctl table drop alone >/dev/null
  done
  echo "creates alone                        ms: ${times[*]}"
}

create item
create imported
embctl table export imported "$work/rows.npy" >/dev/null
uptime
for ((round = 0; round < rounds; ++round)); do
  create_alone
  begin 12s
  finish "nothing"
  beside_creates
  beside_drops
  beside_imports
done
uptime
