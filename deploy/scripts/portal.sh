#!/usr/bin/env bash
# Builds the portal into web/dist, unless nothing that goes into it has changed.
set -euo pipefail
source "$(dirname "$0")/say.sh"

hash_of() { find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1; }

cd web
packages=$(hash_of package.json package-lock.json)
packages_stamp=node_modules/.footnote-packages
if [ "$(cat "$packages_stamp" 2>/dev/null)" != "$packages" ]; then
  say "Fetching the portal's packages (about half a minute)"
  npm ci --no-audit --no-fund
  echo "$packages" >"$packages_stamp"
fi

sources=$(hash_of . -not -path './node_modules/*' -not -path './dist/*')
sources_stamp=node_modules/.footnote-portal
if [ "$(cat "$sources_stamp" 2>/dev/null)" != "$sources" ] || [ ! -f dist/index.html ]; then
  say "Building the portal"
  npm run --silent build
  echo "$sources" >"$sources_stamp"
fi
