#!/usr/bin/env bash
# The short loop: what a change should survive before it is committed. Stays
# under a minute with a warm build cache; `make test` is the whole.
set -uo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/tally.sh
. "$(dirname "$0")/tally.sh"
need_go
cd "$ROOT" || exit 1
tally_begin

formatted() {
  local bad
  bad=$(git ls-files -co --exclude-standard '*.go' | while IFS= read -r f; do [ -e "$f" ] && printf '%s\n' "$f"; done | xargs -r gofmt -l)
  [ -z "$bad" ] || { say "not gofmt'ed:" "$bad"; return 1; }
}

step format formatted
step vet go vet ./...
go_suite unit "$ROOT" -short -vet=off -timeout 2m ./...
step lint "$ROOT/scripts/lint.sh" --if-installed
tally_end
