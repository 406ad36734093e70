#!/usr/bin/env bash
# Runs the browser tests: those on recorded answers, and those against the real binary serving the sample workspace.
set -euo pipefail
source "$(dirname "$0")/../../deploy/scripts/say.sh"

[ -x "$footnote" ] || stop "the binary is missing: run \`make build\` first"
FOOTNOTE_CHROMIUM=$(tests/scripts/chromium-bin.sh)
[ -n "$FOOTNOTE_CHROMIUM" ] || stop "Chromium is missing: the browser tests drive it (Debian: apt-get install chromium)"
export FOOTNOTE_CHROMIUM

home=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$server" ] || wait "$server" 2>/dev/null || true
  rm -rf "$home"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

"$footnote" --data-dir "$home/data" ingest eval/sample/workspace
"$footnote" --data-dir "$home/data" source add push --name Uploads --access public
"$footnote" --data-dir "$home/data" serve --port 0 >"$home/log" 2>&1 &
server=$!

ready() { python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=5)' "$1/readyz" 2>/dev/null; }
url=
deadline=$((SECONDS + 60))
until [ -n "$url" ] && ready "$url"; do
  kill -0 "$server" 2>/dev/null || stop "the server stopped: $(tail -n 3 "$home/log")"
  [ "$SECONDS" -lt "$deadline" ] || stop "the server was not ready in a minute: $(tail -n 3 "$home/log")"
  sleep 0.5
  url=$(sed -n 's/^Footnote serves on //p' "$home/log")
done

said() { sed -n "s/^$1: *\([^ ]*\).*/\1/p" "$home/log" | head -n 1; }
FOOTNOTE_E2E_EMAIL=$(said email)
FOOTNOTE_E2E_PASSWORD=$(said password)
[ -n "$FOOTNOTE_E2E_PASSWORD" ] || stop "the server printed no password: $(tail -n 3 "$home/log")"
export FOOTNOTE_E2E_URL="$url" FOOTNOTE_E2E_EMAIL FOOTNOTE_E2E_PASSWORD
npm --prefix web run --silent e2e
