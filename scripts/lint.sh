#!/usr/bin/env bash
# Runs the linters on the product and on the Go modules beside it.
#
#   scripts/lint.sh [--if-installed]
#
# With --if-installed it says so and succeeds when the linter was never built.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
bin="$TOOLS/golangci-lint-$(lint_version)"
if [ ! -x "$bin" ] && [ "${1:-}" = --if-installed ]; then
  say "lint: the linter is not built yet (make lint builds it)"
  exit 0
fi
"$ROOT/scripts/setup.sh" lint
result=0
for dir in . tools compat; do
  [ -e "$ROOT/$dir/go.mod" ] || continue
  (cd "$ROOT/$dir" && nice -n 5 "$bin" run --allow-serial-runners --config "$ROOT/.golangci.yml" ./...) || result=1
done
exit "$result"
