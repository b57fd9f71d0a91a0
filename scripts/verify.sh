#!/usr/bin/env bash
# Checks that what is generated or derived is current: the operation table, and
# the modules' go.mod files.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
need_go
result=0
(cd "$ROOT/tools" && go run ./opsgen -check) || { warn "openapi: run 'go generate ./openapi'"; result=1; }
for dir in . compat; do
  (cd "$ROOT/$dir" && go mod tidy -diff) || { warn "$dir/go.mod: run 'go mod tidy'"; result=1; }
done
exit "$result"
