#!/usr/bin/env bash
# Compares lookups with Redis and with a bare TCP program that holds the same
# rows: peer_bench.cc says how. Called by `./dev bench peers`.
#
#   bench/peers/run.sh BIN_DIR [--pin] [--quick] [--json] [FLAGS OF peer_bench]
#
# --pin gives the first half of the CPUs to the servers and the second to the
# caller, as if it were another machine. Without, the scheduler may put caller
# and server on one CPU, where a bare TCP program is at twice its speed: there
# a request is a change of threads, and answers never leave the cache.
#
# Everything it starts has free ports of the loopback and a temporary
# directory, and is gone when it ends. It touches no other Redis. Fair: Redis
# as Debian builds and configures it, less its writing to disk.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

fail() {
  echo "bench/peers: $*" >&2
  exit 1
}

if [[ ${1:-} != --beside-server ]]; then
  bin=$1
  shift
  command -v redis-server >/dev/null ||
    fail "no redis-server: install the Debian package redis-server"
  [[ -x $bin/peer_bench ]] ||
    fail "no $bin/peer_bench: install the Debian package libhiredis-dev," \
      "run cmake again and build"
  exec "$here/../../examples/with_server.sh" "$bin" \
    "$here/run.sh" --beside-server "$@"
fi
shift

work=$(mktemp -d)
redis_pid=
tcp_pid=
cleanup() {
  local pid
  # timeout(1) signals twice.
  trap '' INT TERM
  for pid in $redis_pid $tcp_pid; do
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
    [[ $line != *"Ready to accept connections"* ]] || return 0
    [[ $line != *"ddress already in use"* ]] || break
    echo "$line" >>"$work/redis.log"
  done <"$work/redis"
  kill "$redis_pid" 2>/dev/null || true
  wait "$redis_pid" || true
  redis_pid=
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

start_tcp() {
  mkfifo "$work/tcp"
  tcp_peer >"$work/tcp" &
  tcp_pid=$!
  read -r tcp_port <"$work/tcp" || fail "tcp_peer did not start"
}

pin=()
if [[ ${1:-} == --pin ]]; then
  shift
  num_cpus=$(nproc)
  ((num_cpus > 1)) || fail "--pin wants two CPUs"
  half=$((num_cpus / 2))
  pin=(taskset --cpu-list "$half-$((num_cpus - 1))")
fi

# On standard error, as everything but the figures. A load of 1 and more when
# nothing has begun is somebody else's work, and the figures are not worth much.
{
  grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //'
  echo "$(nproc) CPUs, load $(cut -d' ' -f1 /proc/loadavg)"
} >&2
start_redis
start_tcp
if ((${#pin[@]})); then
  for pid in "$EMB_SERVER_PID" "$redis_pid" "$tcp_pid"; do
    taskset --all-tasks --cpu-list --pid "0-$((half - 1))" "$pid" >/dev/null
  done
fi
embctl table create peers --rows 1000000 --dim 64 --init uniform --seed 0 >&2
"${pin[@]}" peer_bench --server="$EMB_SERVER" --server_pid="$EMB_SERVER_PID" \
  --redis_port="$redis_port" --redis_pid="$redis_pid" \
  --tcp_port="$tcp_port" --tcp_pid="$tcp_pid" "$@"
