#!/usr/bin/env bash
# Checks the tools that a build needs, and the parts of Rust named beside it (tools.sh rustfmt clippy); names the first
# missing one and how to get it.
set -euo pipefail
source "$(dirname "$0")/say.sh"

have() { command -v "$1" >/dev/null 2>&1; }

# True when version $1 is at least $2.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

have cargo || stop "cargo is missing: install Rust with rustup (https://rustup.rs), then run this again"
wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
found=$(rustc --version | cut -d ' ' -f 2)
at_least "$found" "$wanted" || stop "Rust $found is too old: \`rustup update\` brings $wanted or newer"
for part in "$@"; do
  cargo "${part#rust}" --version >/dev/null 2>&1 || stop "$part is missing: \`rustup component add $part\` brings it"
done

have cc || stop "cc is missing: a C compiler builds SQLite and zstd (Debian: apt-get install build-essential; macOS: xcode-select --install)"

have node || stop "node is missing: install Node.js 20.19 or newer (https://nodejs.org), then run this again"
found=$(node --version)
at_least "${found#v}" 20.19 || stop "Node.js ${found#v} is too old: the portal needs 20.19 or newer (https://nodejs.org)"
have npm || stop "npm is missing: it comes with Node.js 20.19 or newer (https://nodejs.org)"

have python3 || stop "python3 is missing: 3.9 or newer fetches the models (Debian: apt-get install python3 python3-pip)"
found=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
at_least "$found" 3.9 || stop "Python $found is too old: fetching the models needs 3.9 or newer"
python3 -m pip --version >/dev/null 2>&1 || stop "pip is missing: it fetches the models (Debian: apt-get install python3-pip)"
