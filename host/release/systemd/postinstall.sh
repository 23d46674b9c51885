#!/bin/sh
set -e
if command -v systemd-sysusers >/dev/null; then
  systemd-sysusers /usr/lib/sysusers.d/weir.conf
elif ! getent passwd weir >/dev/null; then
  useradd --system --home-dir /var/lib/weir --no-create-home --shell /usr/sbin/nologin weir
fi
chown root:weir /etc/weir
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  # After an upgrade, a running weir is replaced in good order.
  systemctl try-restart weir.service || true
fi
