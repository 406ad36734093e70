#!/usr/bin/env bash
# Checks everything that is not a test: formatting, lints, docs, licences, the build graph, the portal, the samples, deploy/.
set -uo pipefail
source "$(dirname "$0")/part.sh"

must tools deploy/scripts/tools.sh rustfmt clippy
must portal deploy/scripts/portal.sh
part format cargo fmt --all --check
part build-once tests/scripts/build-once.py
part clippy cargo clippy --release --workspace --all-targets --locked -- -D warnings
part docs env RUSTDOCFLAGS='-D warnings' cargo doc --release --workspace --no-deps --locked
if command -v cargo-deny >/dev/null; then
  part licences cargo deny --locked --log-level warn check licenses bans sources
  # The list of advisories is fetched; a machine without that network is not a machine with a vulnerability.
  if [ -n "${FOOTNOTE_ADVISORIES:-}" ]; then
    part advisories cargo deny --locked --log-level warn check advisories
  else
    skip advisories "set FOOTNOTE_ADVISORIES=1 where the advisory database can be fetched"
  fi
else
  skip licences "cargo-deny is not installed: cargo install --locked cargo-deny"
fi
part lint npm --prefix web run --silent lint
part types npm --prefix web run --silent typecheck
part api npm --prefix web run --silent check:api
part sample python3 eval/sample/check.py
part deploy deploy/lint.sh
finish
