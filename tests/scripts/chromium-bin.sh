#!/usr/bin/env bash
# Prints the path of a Chromium that the browser tests can drive; nothing when there is none.
set -euo pipefail

for name in chromium chromium-browser google-chrome; do
  if command -v "$name"; then exit 0; fi
done
