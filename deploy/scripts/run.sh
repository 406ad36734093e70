#!/usr/bin/env bash
# Builds Footnote, fetches its models, ingests the sample workspace and serves it on PORT from the data directory DATA,
# which is one of its own in the user's cache unless named: the user's own workspace stays as it is.
set -euo pipefail
source "$(dirname "$0")/say.sh"

data="${DATA:-$cache/sample}"
port="${PORT:-8080}"

deploy/scripts/build.sh

say "Fetching the models (nothing to do when they are there)"
"$footnote" models pull

say "Ingesting the sample workspace into $data"
"$footnote" --data-dir "$data" ingest eval/sample/workspace

users=$("$footnote" --data-dir "$data" user list)
say "Serving on http://localhost:$port; stop with Ctrl-C"
if [ -z "$users" ]; then
  echo "Log in with the e-mail and the initial password below, which are printed this once." >&2
else
  echo "Log in as before; \`$footnote --data-dir $data user password EMAIL\` prints a new password." >&2
fi
echo "Then ask: How many unused days of leave can I carry over?" >&2
exec "$footnote" --data-dir "$data" serve --port "$port"
