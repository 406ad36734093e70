#!/usr/bin/env bash
# Runs every test: Rust beside a private PostgreSQL, the portal's units, and the browser against the real binary.
set -uo pipefail
source "$(dirname "$0")/part.sh"

[ -x "$footnote" ] || say "The first run compiles every engine: 15 to 25 minutes on two cores, kept in $CARGO_TARGET_DIR"

must packages tests/scripts/packages.sh
part format cargo fmt --all --check
must portal deploy/scripts/portal.sh
part web tests/scripts/web.sh
must build cargo test --release --workspace --locked --no-run
must models "$footnote" models pull
part rust tests/scripts/with-postgres.sh cargo test --release --workspace --locked --no-fail-fast
part golden "$footnote" eval answers --suite eval/suites/sample.jsonl --gate eval/thresholds.toml
part browser tests/scripts/e2e.sh
finish
