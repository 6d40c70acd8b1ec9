#!/usr/bin/env bash
# Starts the peers beside a server (examples/with_server.sh) and runs
# peer_bench. Called by run.sh.
#
#   bench/peers/beside_server.sh [FLAGS OF peer_bench]
#
# BENCH_PIN, if not empty, keeps servers and caller on CPUs of their own.
# It touches no other Redis. Fair: Redis as Debian builds and configures it,
# less its writing to disk.
set -euo pipefail

fail() {
  echo "bench/peers: $*" >&2
  exit 1
}

work=$(mktemp -d)
pids=()
cleanup() {
  local pid
  # timeout(1) signals twice.
  trap '' INT TERM
  for pid in "${pids[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Redis does not take a port of the system's choice, so we try some. It says
# that it accepts connections, or that the port is taken, and ends.
try_redis() {
  redis_port=$((20000 + RANDOM % 10000))
  redis-server --bind 127.0.0.1 --port "$redis_port" --dir "$work" \
    --save "" --appendonly no --daemonize no >"$work/redis" &
  redis_pid=$!
  local line
  while read -r line; do
    if [[ $line == *"Ready to accept connections"* ]]; then
      pids+=("$redis_pid")
      return
    fi
    [[ $line != *"ddress already in use"* ]] || break
    echo "$line" >>"$work/redis.log"
  done <"$work/redis"
  kill "$redis_pid" 2>/dev/null || true
  wait "$redis_pid" || true
  return 1
}

start_redis() {
  mkfifo "$work/redis"
  for _ in 1 2 3 4 5 6 7 8; do
    try_redis && return
  done
  cat "$work/redis.log" >&2
  fail "redis-server did not start"
}

# Starts a program that prints its port; sets port.
start_peer() {
  mkfifo "$work/$1"
  "$1" >"$work/$1" &
  pids+=("$!")
  read -r port <"$work/$1" || fail "$1 did not start"
}

start_redis
start_peer tcp_peer
tcp_port=$port
tcp_pid=$!
start_peer echo_peer
echo_port=$port

pin=()
if [[ -n ${BENCH_PIN:-} ]]; then
  num_cpus=$(nproc)
  half=$((num_cpus / 2))
  pin=(taskset --cpu-list "$half-$((num_cpus - 1))")
  for pid in "$EMB_SERVER_PID" "${pids[@]}"; do
    taskset --all-tasks --cpu-list --pid "0-$((half - 1))" "$pid" >/dev/null
  done
fi

embctl table create peers --rows 1000000 --dim 64 --init uniform --seed 0 >&2
"${pin[@]}" peer_bench --server="$EMB_SERVER" --server_pid="$EMB_SERVER_PID" \
  --redis_port="$redis_port" --redis_pid="$redis_pid" \
  --tcp_port="$tcp_port" --tcp_pid="$tcp_pid" --echo_port="$echo_port" "$@"
