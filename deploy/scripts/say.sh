# shellcheck shell=bash
# Says what happens, and stops with one clear line. Sourced by the scripts; runs from the repository's root.
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

cache="${XDG_CACHE_HOME:-$HOME/.cache}/footnote"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}"
export FOOTNOTE_MODELS_DIR="${FOOTNOTE_MODELS_DIR:-$cache/models}"
export FOOTNOTE_TEST_SERVERS="${FOOTNOTE_TEST_SERVERS:-$cache/test-servers}"
# The scripts that source this file use it.
# shellcheck disable=SC2034
footnote="$CARGO_TARGET_DIR/release/footnote"

say() { printf '\n== %s\n' "$*" >&2; }

stop() {
  printf 'footnote: %s\n' "$*" >&2
  exit 1
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
