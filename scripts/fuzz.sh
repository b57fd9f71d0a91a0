#!/usr/bin/env bash
# Runs each fuzz target of the module for FUZZTIME (default 30s), one after
# another. A crasher is written below the package's testdata/fuzz: commit it.
set -uo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/tally.sh
. "$(dirname "$0")/tally.sh"
need_go
cd "$ROOT" || exit 1
tally_begin

while IFS= read -r dir; do
  while IFS= read -r target; do
    step "${dir#./}:$target" go test "$dir" -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-30s}" -fuzzminimizetime 20x
  done < <(grep -hoE '^func Fuzz[A-Za-z0-9_]*' "$dir"/*_test.go | awk '{ print $2 }')
done < <(grep -rlE --include='*_test.go' --exclude-dir={compat,tools,node_modules,.git} '^func Fuzz' . | xargs -rn1 dirname | sort -u)
tally_end
