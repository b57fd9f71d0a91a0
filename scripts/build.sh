#!/usr/bin/env bash
# Builds bin/usher: one static binary, without cgo and without Node.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
need_go
cd "$ROOT"
[ -x bin/usher ] || warn "building bin/usher; the first time takes a minute or two"
version=$(git describe --tags --always --dirty 2>/dev/null || echo dev)
started=$SECONDS
go build -ldflags "-s -w -X main.version=$version" -o bin/usher ./cmd/usher
took=$((SECONDS - started))
[ "$took" -lt 5 ] || warn "built bin/usher in $took s"
