#!/usr/bin/env bash
# Builds the portal and the binary that carries it.
set -euo pipefail
source "$(dirname "$0")/say.sh"

deploy/scripts/tools.sh
deploy/scripts/portal.sh
if [ -x "$footnote" ]; then
  say "Building the binary"
else
  say "Building the binary: 10 to 20 minutes on two cores the first time, then kept in $CARGO_TARGET_DIR"
fi
cargo build --release --locked
