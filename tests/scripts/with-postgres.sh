#!/usr/bin/env bash
# Runs a command beside a private PostgreSQL on a free port: with-postgres.sh COMMAND..
set -euo pipefail
source "$(dirname "$0")/../../deploy/scripts/say.sh"

bin=$(tests/scripts/postgres-bin.sh)
[ -n "$bin" ] || stop "PostgreSQL is missing: the store's tests need it (Debian: apt-get install postgresql)"

home=$(mktemp -d /tmp/footnote-postgres.XXXXXX)
# PostgreSQL refuses to run as root.
as_postgres=()
if [ "$(id -u)" = 0 ]; then
  as_postgres=(runuser -u postgres --)
  chown postgres "$home"
fi

finish() {
  "${as_postgres[@]}" "$bin/pg_ctl" stop --pgdata "$home/data" --mode immediate --silent 2>/dev/null || true
  rm -rf "$home"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

password=$(python3 -c 'import secrets; print(secrets.token_hex(16))')
echo "$password" >"$home/password"
[ "$(id -u)" != 0 ] || chown postgres "$home/password"
port=$(free_port)
(
  cd "$home"
  "${as_postgres[@]}" "$bin/initdb" --pgdata data --username footnote --pwfile password \
    --auth scram-sha-256 --encoding UTF8 --locale C.UTF-8 >log.initdb || stop "initdb failed: $(tail -n 3 log.initdb)"
)
# A private cluster that dies with the tests need not survive a power cut.
"${as_postgres[@]}" "$bin/pg_ctl" start --pgdata "$home/data" --log "$home/data/log" --wait --silent --timeout 60 \
  --options "-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories=$home -c max_connections=300 \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off" ||
  stop "PostgreSQL did not start: $(tail -n 3 "$home/data/log")"

export FOOTNOTE_TEST_POSTGRES_URL="postgres://footnote:$password@127.0.0.1:$port/postgres"
"$@"
