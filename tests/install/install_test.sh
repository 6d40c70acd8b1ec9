#!/usr/bin/env bash
# The project in consumer/, built by the means a user has:
#
#   install_test.sh find_package BUILD_DIR [CONFIGURE_ARG ...]
#   install_test.sh add_subdirectory BUILD_DIR [CONFIGURE_ARG ...]
#
# BUILD_DIR is complete; it is installed into a temporary directory, which is
# gone at the end. CMAKE names the program, else the PATH does.
set -euo pipefail

cmake=${CMAKE:-cmake}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/emb-install-XXXXXX")
trap 'rm -rf "$work"' EXIT
# Objects are found in the cache whichever directory they were compiled in.
export CCACHE_BASEDIR=$work CCACHE_NOHASHDIR=1

die() {
  printf 'install_test: %s\n' "$*" >&2
  exit 1
}

# shows TEXT COMMAND...: it succeeds and says TEXT.
shows() {
  local text=$1 output
  shift
  output=$("$@" 2>&1) || die "$* fails: $output"
  grep -qF -- "$text" <<<"$output" || die "want \"$text\" from $*, got: $output"
  echo "ok  $text"
}

# configure SOURCE BUILD ARG...
configure() {
  "$cmake" -S "$1" -B "$2" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON \
    "${configure_args[@]}" "${@:3}"
}

# refuses TEXT SOURCE ARG...: it is not configured, and TEXT says why.
refuses() {
  local text=$1 log=$work/refused.log
  rm -rf "$work/refused"
  if configure "$2" "$work/refused" "${@:3}" >"$log" 2>&1; then
    die "configured although: $text"
  fi
  # CMake breaks its lines where they are full.
  grep -qF -- "$text" <<<"$(tr -s ' \n' ' ' <"$log")" ||
    die "want \"$text\", got: $(cat "$log")"
  echo "ok  refused: $text"
}

# What the consumer says where nobody listens, and its exit status.
check_alone() {
  local status=0
  EMB_SERVER=unix:$work/nobody "$1" >"$work/said" || status=$?
  grep -qE '^(UNAVAILABLE|DEADLINE_EXCEEDED): ' "$work/said" ||
    die "want an error of the transport, got: $(cat "$work/said")"
  ((status == 1)) || die "want exit status 1, got $status"
  echo "ok  alone: $(cat "$work/said")"
}

# Our warnings and our C++20 are ours: the consumer's own flags are all it has.
check_flags() {
  local flags
  flags=$(grep '"command".*main\.cc' "$1/compile_commands.json") ||
    die "no command that compiles main.cc"
  grep -q -- '-std=c++17 ' <<<"$flags" || die "want C++17: $flags"
  if grep -E -- '-Wshadow|-Wconversion|-fmacro-prefix-map' <<<"$flags"; then
    die "these flags are not the consumer's"
  fi
  echo "ok  flags"
}

test_installed_files() {
  local file
  # Debian's own prefix has a directory for each architecture in lib.
  libdir=$(dirname "$(find "$prefix" -name libemb_client.a)")
  for file in "$prefix"/bin/{embedding-server,embctl} \
    "$prefix"/include/emb/{client,connection,keep_freed_memory,lookup_result}.h \
    "$prefix"/include/emb/{lookup_stream,types}.h \
    "$libdir"/libemb_proto.a \
    "$libdir"/cmake/emb/emb{Config,ConfigVersion,Targets}.cmake; do
    [[ -f $file ]] || die "not installed: $file"
  done
  # Neither our own flags nor the places of this build are a user's matter.
  if grep -rnF -e emb_options -e ' -W' -e "$root" -e "$build" \
    "$libdir/cmake" "$prefix/include"; then
    die "that is not for users"
  fi
  echo "ok  files"
}

test_installed_protos() {
  protoc -I "$prefix/share/emb/proto" --descriptor_set_out=/dev/null \
    embedding/v1/{types,lookup,admin}.proto
  echo "ok  protos"
}

test_programs() {
  shows 'embedding-server ' "$prefix/bin/embedding-server" --version
  shows 'embctl ' "$prefix/bin/embctl" --version
  # shellcheck disable=SC2016  # Expanded beside the server.
  "$root/examples/with_server.sh" "$prefix/bin" bash -euc '
    embctl table create item --rows 4 --dim 2 && "$0"' "$work/build/consumer"
  echo "ok  programs"
}

# The controls: what must not be found is not.
test_refusals() {
  local path=-DCMAKE_PREFIX_PATH=$prefix
  mkdir "$work/newer"
  sed 's/find_package(emb 0.1 /find_package(emb 9 /' \
    "$here/consumer/CMakeLists.txt" >"$work/newer/CMakeLists.txt"
  refuses 'compatible with requested version "9"' "$work/newer" "$path"
  refuses 'Could not find a package configuration file provided by "emb"' \
    "$here/consumer" -DCMAKE_PREFIX_PATH="$work/nowhere"
  mv "$prefix/include" "$work/hidden"
  refuses 'emb::client" includes non-existent path' "$here/consumer" "$path"
  mv "$work/hidden" "$prefix/include"
  rm "$libdir/libemb_proto.a"
  refuses 'libemb_proto.a" but this file does not exist' \
    "$here/consumer" "$path"
}

test_find_package() {
  "$cmake" --install "$build" --prefix "$work/installed" >/dev/null
  # A package names nothing by where it was.
  prefix=$work/moved
  mv "$work/installed" "$prefix"
  test_installed_files
  test_installed_protos
  configure "$here/consumer" "$work/build" -DCMAKE_PREFIX_PATH="$prefix"
  "$cmake" --build "$work/build"
  check_flags "$work/build"
  check_alone "$work/build/consumer"
  test_programs
  test_refusals
}

# A parent may use gRPC itself, found before us or after us.
check_parent_with_grpc() {
  local grpc order
  grpc='find_package(Protobuf REQUIRED)\n  find_package(gRPC REQUIRED CONFIG)'
  for order in "  $grpc\n&" "&\n  $grpc"; do
    rm -rf "$work/parent"
    cp -r "$here/consumer" "$work/parent"
    sed -i -e "s/^ *add_subdirectory(.*/$order/" \
      -e 's/emb::client)/emb::client gRPC::grpc++)/' \
      "$work/parent/CMakeLists.txt"
    configure "$work/parent" "$work/parent/build" -DEMB_SOURCE_DIR="$root" \
      >/dev/null
  done
  echo "ok  a parent with gRPC"
}

# Of the packages that only the rest of the repository needs, none is there.
test_add_subdirectory() {
  local package absent=()
  for package in CLI11 Eigen3 GTest RocksDB benchmark nlohmann_json spdlog; do
    absent+=("-DCMAKE_DISABLE_FIND_PACKAGE_$package=ON")
  done
  configure "$here/consumer" "$work/build" -DEMB_SOURCE_DIR="$root" \
    "${absent[@]}"
  "$cmake" --build "$work/build" --parallel 2
  check_flags "$work/build"
  check_alone "$work/build/consumer"
  # It is the user's installation, of which we are no part.
  "$cmake" --install "$work/build" --prefix "$work/prefix"
  [[ ! -e $work/prefix ]] || die "installs: $(find "$work/prefix" -type f)"
  check_parent_with_grpc
}

test_case=${1:?want a case}
build=${2:?want the build directory}
configure_args=("${@:3}")
case $test_case in
  find_package) test_find_package ;;
  add_subdirectory) test_add_subdirectory ;;
  *) die "no such case: $test_case" ;;
esac
