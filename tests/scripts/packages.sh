#!/usr/bin/env bash
# Installs what the tests need beside the build's tools: PostgreSQL, MariaDB, Dovecot, Chromium and file servers from Debian's
# packages, emulators of object stores and an FTP server from PyPI and npm.
set -euo pipefail
source "$(dirname "$0")/../../deploy/scripts/say.sh"

deploy/scripts/tools.sh rustfmt

# Emulators, in a folder of their own; installed anew when this list changes.
python_servers=('moto[server]==5.2.5' 'gcp-storage-emulator==2026.7.19' 'pyftpdlib==2.2.0' 'pyopenssl==26.4.0')
node_servers=('azurite@3.35.0')
wanted="${python_servers[*]} ${node_servers[*]}"
if [ "$(cat "$FOOTNOTE_TEST_SERVERS/installed" 2>/dev/null)" != "$wanted" ]; then
  say "Installing test servers: $wanted"
  python3 -m venv "$FOOTNOTE_TEST_SERVERS/python" || stop "python3-venv is missing (Debian: apt-get install python3-venv)"
  "$FOOTNOTE_TEST_SERVERS/python/bin/pip" install --quiet --disable-pip-version-check "${python_servers[@]}"
  npm install --prefix "$FOOTNOTE_TEST_SERVERS/node" --silent --no-audit --no-fund "${node_servers[@]}"
  echo "$wanted" >"$FOOTNOTE_TEST_SERVERS/installed"
fi

missing=()
[ -n "$(tests/scripts/postgres-bin.sh)" ] || missing+=(postgresql)
[ -n "$(tests/scripts/chromium-bin.sh)" ] || missing+=(chromium)
[ -x /usr/sbin/nginx ] || missing+=(nginx-light)
[ -e /usr/lib/nginx/modules/ngx_http_dav_ext_module.so ] || missing+=(libnginx-mod-http-dav-ext)
[ -x /usr/sbin/sshd ] || missing+=(openssh-server)
[ -x /usr/sbin/mariadbd ] || missing+=(mariadb-server)
[ -x /usr/sbin/dovecot ] || missing+=(dovecot-imapd)
command -v openssl >/dev/null || missing+=(openssl)
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  stop "the tests need ${missing[*]}: install with your package manager (Debian: sudo apt-get install ${missing[*]})"
fi
say "Installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends "${missing[@]}" </dev/null
