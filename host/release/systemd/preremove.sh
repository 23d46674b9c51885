#!/bin/sh
set -e
# Called with remove or 0 when the package goes, with upgrade or 1 when it is
# replaced: then weir goes on until the new one is there.
case "$1" in
  remove | 0) [ ! -d /run/systemd/system ] || systemctl disable --now weir.service || true ;;
esac
