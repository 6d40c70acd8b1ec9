#!/bin/bash
# Builds the image and runs it, without a Docker engine: buildah builds it in a
# chroot, on a base made by mmdebstrap from this machine's own APT sources;
# run_in_root.sh runs it on a read-only root. Needs root and the network. Cleans
# up after itself.
set -euo pipefail

ROOT=$(cd "$(dirname "$0")/.." && pwd)
readonly ROOT
readonly IMAGE=localhost/embedding-server
readonly BASE=localhost/debian-base
readonly UID_WANTED=65532
# What the image may add to its base: the binaries and their libraries.
readonly ADDED_MIB_MAX=64
# Patience for starting, stopping and answering. Nothing sleeps that long.
readonly TIMEOUT_SECONDS=60

passed=0
failed=0
work=
netns=
container=
root=
server_job=

say() { printf '== %s\n' "$*"; }

die() {
  printf 'container_test: %s\n' "$*" >&2
  exit 1
}

# check NAME COMMAND...: one fact, counted.
check() {
  local name=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
    printf 'ok    %s\n' "$name"
  else
    failed=$((failed + 1))
    printf 'FAIL  %s\n' "$name"
  fi
}

equal() {
  [[ $1 == "$2" ]] && return 0
  printf '      got:  %s\n      want: %s\n' "$1" "$2"
  return 1
}

fails() { ! "$@" >/dev/null 2>&1; }

# The store is our own, so that no image of the machine is touched.
bud() {
  buildah --root "$work/store" --runroot "$work/run" \
    --storage-driver "$storage_driver" "$@"
}

# A server that is still there, by the process ids of its own network.
end_server() {
  [[ -n $server_job ]] || return 0
  local pid
  for pid in $(server_pids); do kill -KILL "$pid" 2>/dev/null || true; done
  wait "$server_job" 2>/dev/null || true
  server_job=
}

clean_up() {
  local status=$?
  trap - EXIT
  end_server
  [[ -z $netns ]] || ip netns delete "$netns" || true
  if [[ -n $work ]]; then
    [[ -z $container ]] || bud umount "$container" >/dev/null 2>&1 || true
    bud rm --all >/dev/null 2>&1 || true
    bud rmi --all --force >/dev/null 2>&1 || true
    # The store is mounted on itself while it is in use.
    umount "$work/store/overlay" 2>/dev/null || true
    rm -rf --one-file-system "$work" || true
  fi
  exit "$status"
}

install_tools() {
  local missing=()
  command -v buildah >/dev/null || missing+=(buildah)
  command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
  command -v ip >/dev/null || missing+=(iproute2)
  command -v jq >/dev/null || missing+=(jq)
  ((${#missing[@]})) || return 0
  say "installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    --no-install-recommends "${missing[@]}" >/dev/null
}

# Overlay where the file system of the store can, else plain copies.
choose_storage_driver() {
  storage_driver=overlay
  bud info >/dev/null 2>&1 || storage_driver=vfs
  say "storage driver: $storage_driver"
}

make_base() {
  say "making the base with mmdebstrap"
  local sources=() file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
    /etc/apt/sources.list.d/*.sources; do
    # Other vendors' sources may need keys that the base does not have.
    if [[ -s $file ]] && grep -q bookworm "$file"; then sources+=("$file"); fi
  done
  ((${#sources[@]})) || die "no APT source of Debian 12 on this machine"
  # Without what debian:bookworm-slim is without, so that sizes compare.
  mmdebstrap --quiet --variant=minbase \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    bookworm "$work/base.tar" "${sources[@]}"
  local container
  container=$(bud from scratch)
  bud add --quiet "$container" "$work/base.tar" >/dev/null
  bud commit --quiet "$container" "$BASE" >/dev/null
  bud rm "$container" >/dev/null
  rm "$work/base.tar"
}

build_image() {
  say "building the image"
  # Docker's format: the OCI one has no HEALTHCHECK.
  bud bud --isolation chroot --network=host --format docker \
    --build-arg BASE="$BASE" -f "$ROOT/docker/Dockerfile" -t "$IMAGE" \
    "$ROOT" >"$work/build.log" 2>&1 ||
    { tail -n 50 "$work/build.log" >&2; die "the image does not build"; }
}

image_config() { bud inspect --type image "$IMAGE" | jq -c ".Docker.config$1"; }

# Of all files in an image, in MiB.
size_of() {
  local container
  container=$(bud from "$1")
  du --apparent-size -sxm "$(bud mount "$container")" | cut -f 1
  bud rm "$container" >/dev/null
}

# Runs a command in the container with the data directory, on a read-only root,
# as the user given. The network is one of its own, where the default ports are
# free.
in_container_as() {
  nsenter --net="/run/netns/$netns" \
    "$ROOT/docker/run_in_root.sh" "$root" "$work/data" "$@"
}
in_container() { in_container_as "$UID_WANTED" "$@"; }

server_pids() {
  local pid
  for pid in $(ip netns pids "$netns"); do
    if [[ $(cat "/proc/$pid/comm" 2>/dev/null) == embedding-serve* ]]; then
      echo "$pid"
    fi
  done
}

# Starts the image's own command line; its log is followed through a pipe.
start_server() {
  local command fifo=$work/log.fifo line
  mapfile -t command < <(image_config '' | jq -r '.Entrypoint[], .Cmd[]')
  say "starting ${command[*]}"
  rm -f "$fifo"
  mkfifo "$fifo"
  in_container "${command[@]}" >"$fifo" 2>&1 &
  server_job=$!
  exec 3<"$fifo"
  while IFS= read -r -t "$TIMEOUT_SECONDS" line <&3; do
    printf '      %s\n' "$line"
    if [[ $line == *'"event":"serving"'* ]]; then return 0; fi
  done
  die "the server does not serve"
}

# Stops it as an engine would; sets stop_status.
stop_server() {
  local pid
  pid=$(server_pids)
  say "stopping process $pid"
  kill -TERM "$pid"
  # To the end of the log: until everyone who could write to it is gone.
  timeout "$TIMEOUT_SECONDS" sed 's/^/      /' <&3 || kill -KILL "$pid"
  exec 3<&-
  stop_status=0
  wait "$server_job" || stop_status=$?
  server_job=
}

# These two answer "failed" rather than end the test.
look_up() {
  in_container embctl --json lookup films 0 4999 17 || echo failed
}
digest_of() {
  in_container embctl --json table describe films | jq -r .digest ||
    echo failed
}

test_config() {
  check "the user is a number and not root" \
    equal "$(image_config .User)" "\"$UID_WANTED:$UID_WANTED\""
  check "lookups, metrics and probes are exposed, administration is not" \
    equal "$(image_config '.ExposedPorts | keys')" '["50051/tcp","50053/tcp"]'
  check "/data is a volume" \
    equal "$(image_config '.Volumes | keys')" '["/data"]'
  check "and /backup is ready for one" \
    equal "$(in_container stat -c '%u %g %a' /backup)" \
    "$UID_WANTED $UID_WANTED 700"
  check "it is stopped by SIGTERM" \
    equal "$(image_config .StopSignal)" '"SIGTERM"'
  check "its health is asked for" \
    equal "$(image_config .Healthcheck.Test)" '["CMD","embctl","health"]'
}

# All that a user can write to but the data and the temporary directory.
writable_by() {
  in_container_as "$1" find / -xdev '(' -path /data -o -path /tmp ')' -prune \
    -o -writable -print 2>/dev/null
}

# Whatever the files' permissions are: root owns them.
test_read_only_root() {
  check "the user can write to nothing but /data and /tmp" \
    equal "$(writable_by "$UID_WANTED")" ""
  check "and neither can root" equal "$(writable_by 0)" ""
  check "a write says why it fails" grep -q 'Read-only file system' \
    <<<"$(in_container_as 0 touch /usr/local/bin/new 2>&1)"
  check "the control: root could, were the root not read-only" \
    grep -qx /usr/local/bin <<<"$(EMB_ROOT_MODE=rw writable_by 0)"
  check "nobody has capabilities" \
    equal "$(in_container_as 0 grep -c '^Cap.*:.0000000000000000$' \
      /proc/self/status)" 5
}

test_size() {
  local image base
  image=$(size_of "$IMAGE")
  base=$(size_of "$BASE")
  say "size: $image MiB, of which the base $base MiB"
  check "the image adds at most $ADDED_MIB_MAX MiB to its base" \
    test $((image - base)) -le "$ADDED_MIB_MAX"
}

# The status that a GET of a path is answered with.
http_status() {
  # shellcheck disable=SC2016  # For the inner bash to expand.
  nsenter --net="/run/netns/$netns" timeout "$TIMEOUT_SECONDS" bash -c '
    exec 4<>/dev/tcp/127.0.0.1/50053
    printf "GET %s HTTP/1.0\r\n\r\n" "$1" >&4
    head -n 1 <&4' bash "$1" | cut -d ' ' -f 2
}

test_http() {
  local path
  for path in /livez /readyz /metrics; do
    check "$path is answered" equal "$(http_status "$path")" 200
  done
  check "and what is not there is not" equal "$(http_status /nothing)" 404
}

test_first_run() {
  check "the health check fails without a server" \
    fails in_container embctl health
  start_server
  local pid
  pid=$(server_pids)
  check "it runs as user $UID_WANTED" \
    equal "$(awk '/^Uid:/ {print $2, $3, $4, $5}' "/proc/$pid/status")" \
    "$UID_WANTED $UID_WANTED $UID_WANTED $UID_WANTED"
  check "the health check succeeds" in_container embctl health
  test_http
  check "a table can be created" \
    in_container embctl table create films --rows 5000 --dim 64 --seed 7
  rows=$(look_up)
  digest=$(digest_of)
  check "three rows are answered" \
    equal "$(jq -c .shape <<<"$rows" || true)" '[3,64]'
  check "the table has a digest" grep -qxE '[0-9a-f]{32}' <<<"$digest"
  check "it writes nothing to /tmp" \
    equal "$(find "/proc/$pid/root/tmp" -mindepth 1)" ""
  stop_server
  check "SIGTERM ends it with status 0" equal "$stop_status" 0
}

test_second_run() {
  start_server
  check "the same rows after a restart" equal "$(look_up)" "$rows"
  check "the same digest after a restart" equal "$(digest_of)" "$digest"
  stop_server
  check "SIGTERM ends it with status 0 again" equal "$stop_status" 0
}

main() {
  [[ $EUID == 0 ]] || die "want root"
  storage_driver=vfs
  trap clean_up EXIT
  install_tools
  work=$(mktemp -d "${TMPDIR:-/tmp}/emb-container-XXXXXX")
  choose_storage_driver
  make_base
  build_image
  netns=emb-test-$$
  ip netns add "$netns"
  ip -n "$netns" link set lo up
  install -d -m 0700 -o "$UID_WANTED" -g "$UID_WANTED" "$work/data"
  container=$(bud from "$IMAGE")
  root=$(bud mount "$container")
  test_config
  test_size
  test_read_only_root
  test_first_run
  test_second_run
  printf '%d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0))
}

main "$@"
