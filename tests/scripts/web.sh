#!/usr/bin/env bash
# Checks the portal's types and runs its unit tests.
set -euo pipefail
source "$(dirname "$0")/../../deploy/scripts/say.sh"

deploy/scripts/portal.sh
npm --prefix web run --silent typecheck
npm --prefix web run --silent test
