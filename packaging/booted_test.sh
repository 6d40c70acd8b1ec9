#!/bin/bash
# Runs in a Debian that systemd has booted: the service's whole life, as its
# unit has it. deb_test.sh puts it there; it writes /root/result.
set -euxo pipefail
exec >/root/result 2>&1

readonly CONFIG=/etc/embedding-server/config.toml

# "! COMMAND" would be no failure of the script.
fails() {
  if "$@"; then exit 1; fi
}

start_it() {
  # Returns once it is ready.
  systemctl start embedding-server
  embctl health
}

start_it
pid=$(systemctl show -p MainPID --value embedding-server)
systemctl show -p StatusText embedding-server | grep 'Serving on 127.0.0.1:50051'
embctl table create item --rows 10 --dim 3
before=$(embctl --json lookup item 1 6)
# Locked in: no rights, system calls filtered, not root.
grep -E 'CapEff:\s+0+$' "/proc/$pid/status"
grep -E 'Seccomp:\s+2$' "/proc/$pid/status"
fails grep -E '^Uid:\s+0' "/proc/$pid/status"

# A mistake in the settings fails the reload, and harms nothing.
echo 'dim_mx = 3' >>"$CONFIG"
fails systemctl reload embedding-server
sed -i '$d' "$CONFIG"
echo 'log_level = "warning"' >>"$CONFIG"
systemctl reload embedding-server
[[ $(systemctl show -p MainPID --value embedding-server) == "$pid" ]]

systemctl restart embedding-server
[[ $(embctl --json lookup item 1 6) == "$before" ]]
journalctl -u embedding-server --no-pager | grep 'did you mean dim_max?'
journalctl -u embedding-server --no-pager | grep setting_changed

# What crashes comes again.
pid=$(systemctl show -p MainPID --value embedding-server)
kill -KILL "$pid"
timeout 60 grep -q 'Scheduled restart job' <(journalctl -fu embedding-server)
# What waits for the start waits for readiness.
start_it
[[ $(systemctl show -p NRestarts --value embedding-server) == 1 ]]
[[ $(embctl --json lookup item 1 6) == "$before" ]]

dpkg --remove embedding-server
fails systemctl is-active embedding-server
[[ $(systemctl show -p Result --value embedding-server) == success ]]
echo PASSED
