#!/bin/bash
# Runs a command in a root file system as an engine does that is told
#
#   --read-only --tmpfs /tmp --volume DATA:/data --user ID:ID
#   --cap-drop ALL --security-opt no-new-privileges
#
# which buildah's chroot isolation cannot. The command is process 1 of a
# namespace of its own, as it is in a container. Needs root; leaves nothing
# mounted, since its mounts end with it.
#
#   run_in_root.sh ROOT DATA ID COMMAND...
#
# EMB_ROOT_MODE=rw leaves the root writable: the control of a test.
set -euo pipefail

if [[ ${1:-} != --inside ]]; then
  exec unshare --mount --propagation private --pid --fork --kill-child \
    "$0" --inside "$@"
fi

readonly root=$2 data=$3 id=$4
shift 4

# A copy of the mount, so that making it read-only is ours alone.
mount --bind "$root" "$root"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
mount -t tmpfs -o nosuid,noexec,mode=755,size=64k tmpfs "$root/dev"
for device in null zero full random urandom; do
  : >"$root/dev/$device"
  mount --bind "/dev/$device" "$root/dev/$device"
done
mount -o remount,ro "$root/dev"
mount -t tmpfs -o nosuid,nodev,noexec,mode=1777,size=16m tmpfs "$root/tmp"
mount --bind "$data" "$root/data"
mount -o "remount,bind,${EMB_ROOT_MODE:-ro}" "$root"

# setpriv is the image's own: it comes after chroot, which takes a privilege
# that setpriv gives up.
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  chroot "$root" setpriv --reuid="$id" --regid="$id" --clear-groups \
  --inh-caps=-all --bounding-set=-all --no-new-privs -- "$@"
