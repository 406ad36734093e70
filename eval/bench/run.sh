#!/usr/bin/env bash
# Runs a benchmark of this folder: `run.sh NAME DATA [OPTION..]`. What its script imports lies in the user's cache.
set -euo pipefail
source "$(dirname "$0")/../../deploy/scripts/say.sh"

name=$1 data=${2:-}
shift 2
[ -d "$data" ] || stop "name a folder of documents: make bench-$name DATA=DIR"
[ -x "${FOOTNOTE:-$footnote}" ] || stop "there is no binary: make build"

python=python3
if [ "$name" = ingest ]; then
  # The peer with its readers and the same runtime; installed anew when this list changes.
  packages=('llama-index-core==0.14.25' 'llama-index-readers-file==0.7.0' 'llama-index-embeddings-fastembed==0.7.0'
    'fastembed==0.9.1' 'onnxruntime==1.32.0' 'docx2txt==0.9' 'python-pptx==1.0.2' 'openpyxl==3.1.5' 'xlrd==2.0.2'
    'pypdf==6.21.4' 'pandas==2.3.3' 'EbookLib==0.20' 'html2text==2025.4.15')
  if [ "$(cat "$cache/bench/installed" 2>/dev/null)" != "${packages[*]}" ]; then
    say "Installing the peer"
    python3 -m venv "$cache/bench" || stop "python3-venv is missing (Debian: apt-get install python3-venv)"
    "$cache/bench/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}"
    echo "${packages[*]}" >"$cache/bench/installed"
  fi
  python="$cache/bench/bin/python"
fi
exec "$python" "eval/bench/$name.py" "$data" "$@"
