#!/usr/bin/env bash
# Runs the kill test: `kill.sh [OPTION..]`. Its S3 server comes from the test servers.
set -euo pipefail
source "$(dirname "$0")/../../deploy/scripts/say.sh"

tests/scripts/packages.sh
exec "$FOOTNOTE_TEST_SERVERS/python/bin/python" eval/bench/kill.py "$@"
