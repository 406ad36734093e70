#!/usr/bin/env bash
# Exits 0 when the server on this machine is ready: healthy.sh [PORT]. Needs nothing but bash, which the image has.
set -euo pipefail

exec 3<>"/dev/tcp/127.0.0.1/${1:-8080}"
printf 'GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r -t 4 _ status _ <&3
[ "$status" = 200 ]
