#!/usr/bin/env bash
# Installs the package into a clean Debian, uses it, removes it:
#
#   packaging/deb_test.sh build/release/package/embedding-server_*.deb
#
# The Debian is made by mmdebstrap from this machine's own APT sources. Needs
# root and the network; exit status 77: skipped, for want of one of them or of
# a program. Cleans up after itself.
set -euo pipefail

# Patience for starting, stopping and answering. Nothing sleeps that long.
readonly TIMEOUT_SECONDS=60
# The package makes no user: systemd does. Here it is nobody.
readonly USER_IDS=65534:65534
readonly STATE=/var/lib/embedding-server
readonly CONFIG=/etc/embedding-server/config.toml

die() {
  printf 'deb_test: %s\n' "$*" >&2
  exit 1
}

skip() {
  printf 'SKIPPED: deb_test: %s\n' "$*" >&2
  exit 77
}

ok() { printf 'ok    %s\n' "$*"; }

make_root() {
  local sources=() file
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
    /etc/apt/sources.list.d/*.sources; do
    # Other vendors' sources may need keys that the new root does not have.
    if [[ -s $file ]] && grep -q bookworm "$file"; then sources+=("$file"); fi
  done
  ((${#sources[@]})) || skip "no APT source of Debian 12 on this machine"
  printf '== making a Debian, with the package\n'
  # shellcheck disable=SC2016  # mmdebstrap expands "$1".
  mmdebstrap --quiet --variant=minbase --include=dbus,systemd,systemd-sysv \
    --customize-hook="copy-in $work/package.deb /root" \
    --customize-hook='DEBIAN_FRONTEND=noninteractive chroot "$1" apt-get \
      install -y -qq --no-install-recommends /root/package.deb' \
    bookworm "$root" "${sources[@]}" >"$work/log" 2>&1 ||
    { tail -n 30 "$work/log" >&2; die "it does not install"; }
}

# In the new root, as the service's user.
as_user() { chroot --userspec="$USER_IDS" "$root" "$@"; }

start_server() {
  local line
  mkfifo "$work/fifo"
  # No function: $! has to be the server.
  chroot --userspec="$USER_IDS" "$root" \
    embedding-server --config="$CONFIG" 2>"$work/fifo" &
  server=$!
  exec 3<"$work/fifo"
  rm "$work/fifo"
  while IFS= read -r -t "$TIMEOUT_SECONDS" line <&3; do
    if [[ $line == *'"event":"serving"'* ]]; then return 0; fi
    printf '      %s\n' "$line"
  done
  die "the server does not serve"
}

stop_server() {
  kill -TERM "$server"
  timeout "$TIMEOUT_SECONDS" cat <&3 >/dev/null || die "it does not stop"
  exec 3<&-
  wait "$server" || die "it ends with status $?"
}

test_installed() {
  local program missing
  for program in embedding-server embctl; do
    as_user "$program" --version
    missing=$(as_user ldd "/usr/bin/$program" | grep 'not found' || true)
    [[ -z $missing ]] || die "$program lacks $missing"
  done
  [[ -f $root/usr/lib/systemd/system/embedding-server.service ]] ||
    die "the unit is not there"
  as_user embedding-server --config="$CONFIG" --check_config
  ok "it installs, with all that it needs"
}

test_serves() {
  local before
  # As StateDirectory= makes it.
  install -d -m 0700 -o "${USER_IDS%:*}" -g "${USER_IDS#*:}" "$root$STATE"
  start_server
  as_user embctl table create item --rows 10 --dim 3 --padding-idx 6
  before=$(as_user embctl --json lookup item 1 6 9)
  stop_server
  start_server
  [[ $(as_user embctl --json lookup item 1 6 9) == "$before" ]] ||
    die "after a restart its table is another"
  stop_server
  ok "it serves a table, also after a restart"
}

# What an administrator changed stays until a purge; tables stay after it.
test_removal() {
  echo 'log_level = "warning"' >>"$root$CONFIG"
  chroot "$root" dpkg -i /root/package.deb >/dev/null
  grep -q '^log_level' "$root$CONFIG" || die "an upgrade loses settings"
  chroot "$root" dpkg --remove embedding-server >/dev/null
  [[ ! -e $root/usr/bin/embedding-server && ! -e $root/usr/bin/embctl ]] ||
    die "it is there after its removal"
  [[ -f $root$CONFIG ]] || die "a removal loses settings"
  chroot "$root" dpkg --purge embedding-server >/dev/null
  [[ ! -e $root$CONFIG ]] || die "a purge keeps settings"
  [[ -d $root$STATE/tables/rocksdb ]] || die "a purge loses the tables"
  ok "it goes, and the tables stay"
}

# systemd of the new root, as a container's first process: the unit for real.
test_service() {
  local units=$root/etc/systemd/system
  if ! command -v systemd-nspawn >/dev/null; then
    echo "SKIPPED: the booted service, for want of systemd-nspawn" >&2
    return 0
  fi
  rm -rf "${root:?}$STATE"
  chroot "$root" dpkg -i /root/package.deb >/dev/null
  install -m 755 "$(dirname "$0")/booted_test.sh" "$root/root/"
  mkdir -p "$units/default.target.wants"
  printf '%s\n' '[Unit]' 'After=multi-user.target' '[Service]' Type=oneshot \
    ExecStart=/root/booted_test.sh TimeoutStartSec=150 \
    'ExecStopPost=/bin/systemctl --no-block poweroff' \
    >"$units/booted_test.service"
  ln -sf ../booted_test.service "$units/default.target.wants/"
  timeout -k 5 240 systemd-nspawn --boot -D "$root" --register=no --keep-unit \
    --private-network </dev/null >"$work/boot.log" 2>&1 ||
    die "it does not boot: $(tail -n 30 "$work/boot.log")"
  [[ $(tail -n 1 "$root/root/result") == PASSED ]] ||
    die "the booted service: $(tail -n 20 "$root/root/result")"
  ok "systemd runs, reloads, restarts and removes it"
}

# In namespaces of their own: the default ports are free, and whatever runs
# ends with this.
inside() {
  ip link set lo up
  mount -t proc proc "$root/proc"
  test_installed
  test_serves
  test_removal
}

clean_up() {
  local status=$?
  trap - EXIT
  rm -rf --one-file-system "$work" || true
  exit "$status"
}

outside() {
  local tool
  ((EUID == 0)) || skip "needs root"
  for tool in mmdebstrap ip unshare; do
    command -v "$tool" >/dev/null || skip "needs $tool"
  done
  work=$(mktemp -d /var/tmp/emb-deb-XXXXXX)
  trap clean_up EXIT
  # The path of a directory that the new root's programs may enter.
  chmod 755 "$work"
  root=$work/root
  cp "$1" "$work/package.deb"
  make_root
  unshare --net --pid --mount --fork --kill-child \
    "$0" --inside "$work" || die "failed"
  test_service
}

if [[ ${1:-} == --inside ]]; then
  work=$2
  root=$work/root
  inside
else
  outside "${1:?want the path of the .deb}"
fi
