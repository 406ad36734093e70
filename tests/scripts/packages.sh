#!/usr/bin/env bash
# Installs what the tests need beside the build's tools: PostgreSQL and Chromium, from Debian's packages.
set -euo pipefail
source "$(dirname "$0")/../../deploy/scripts/say.sh"

deploy/scripts/tools.sh rustfmt

missing=()
[ -n "$(tests/scripts/postgres-bin.sh)" ] || missing+=(postgresql)
[ -n "$(tests/scripts/chromium-bin.sh)" ] || missing+=(chromium)
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  stop "the tests need ${missing[*]}: install with your package manager (Debian: sudo apt-get install ${missing[*]})"
fi
say "Installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null
