#!/usr/bin/env bash
# Checks the unit with systemd-analyze, and the settings with the server:
#
#   packaging/unit_test.sh build/release/bin/embedding-server
#
# Exit status 77: skipped, for want of systemd-analyze.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
program=$(readlink -f "${1:?want the path of embedding-server}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

die() {
  printf 'unit_test: %s\n' "$*" >&2
  exit 1
}

# What systemd says of a unit: it exits with 0 for keys that it does not know.
verify() { systemd-analyze verify "$1" 2>&1 || echo "status $?"; }

# The unit with this build's program, changed by sed.
unit_with() {
  local unit=$work/$1/embedding-server.service
  mkdir -p "$work/$1"
  sed -e "s#/usr/bin/embedding-server#$program#g" -e "$2" \
    "$here/embedding-server.service" >"$unit"
  echo "$unit"
}

test_unit() {
  local unit said
  unit=$(unit_with good '')
  said=$(verify "$unit")
  [[ -z $said ]] || die "systemd-analyze verify: $said"
  echo "ok  verify"
  # The controls: mistakes must be seen.
  grep -q "Unknown key 'Foo'" <(verify "$(unit_with key 's/^UMask=/Foo=/')") ||
    die "a key that there is not is not seen"
  grep -q 'not executable' <(
    verify "$(unit_with program "s#^ExecStart=$program#&-absent#")") ||
    die "a program that there is not is not seen"
  echo "ok  controls"
  # Tenths; more is worse.
  systemd-analyze security --offline=true --threshold=20 "$unit" >"$work/score" ||
    die "less is locked down than was: $(cat "$work/score")"
  grep Overall "$work/score"
}

# As they are, and with each default that they show.
test_settings() {
  env -i "$program" --config="$here/config.toml" --check_config
  sed 's/^#\([a-z_]* = \)/\1/' "$here/config.toml" >"$work/defaults.toml"
  env -i "$program" --config="$work/defaults.toml" --check_config
  diff <(env -i "$program" --config="$here/config.toml" --print_config |
    sed 's/  # .*//' | grep -v '^#') \
    <(env -i "$program" --config="$work/defaults.toml" --print_config |
      sed 's/  # .*//' | grep -v '^#') ||
    die "config.toml shows defaults that are others"
  echo "ok  settings"
}

test_settings
if ! command -v systemd-analyze >/dev/null; then
  echo "SKIPPED: the unit, for want of systemd-analyze (Debian: systemd)" >&2
  exit 77
fi
test_unit
