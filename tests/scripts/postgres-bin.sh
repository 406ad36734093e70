#!/usr/bin/env bash
# Prints the folder of the newest PostgreSQL server on this machine; nothing when there is none.
set -euo pipefail

newest=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1 || true)
[ -n "$newest" ] || newest=$(command -v initdb || true)
[ -z "$newest" ] || dirname "$newest"
