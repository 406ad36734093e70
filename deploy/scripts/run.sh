#!/usr/bin/env bash
# Builds Footnote, fetches its models, ingests the sample workspace and serves it on PORT from the data directory DATA.
set -euo pipefail
source "$(dirname "$0")/say.sh"

data=()
[ -z "${DATA:-}" ] || data=(--data-dir "$DATA")

deploy/scripts/build.sh

say "Fetching the models (nothing to do when they are there)"
"$footnote" models pull

say "Ingesting the sample workspace"
"$footnote" "${data[@]}" ingest eval/sample/workspace

say "Serving on http://localhost:${PORT:-8080}; stop with Ctrl-C"
echo "Log in with the admin's e-mail and one-time password below and ask: How many unused days of leave can I carry over?" >&2
exec "$footnote" "${data[@]}" serve --port "${PORT:-8080}"
