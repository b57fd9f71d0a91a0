#!/usr/bin/env bash
# Measures. First the Go benchmarks, then the load program in internal/bench, which
# prints one table with each figure beside its ceiling. Both databases are
# used; PostgreSQL is a throw-away one unless USHER_TEST_POSTGRES names another.
# Arguments go to the load program.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
"$ROOT/scripts/build.sh"
export USHER_BIN="$ROOT/bin/usher"

work=$(mktemp -d)
chmod 755 "$work"
trap '"$ROOT/scripts/postgres.sh" stop "$work/pg" || true; rm -rf "$work"' EXIT
if [ -z "${USHER_TEST_POSTGRES:-}" ]; then
  if "$ROOT/scripts/setup.sh" postgres && USHER_TEST_POSTGRES=$("$ROOT/scripts/postgres.sh" start "$work/pg"); then
    export USHER_TEST_POSTGRES
  else
    unset USHER_TEST_POSTGRES
    say "PostgreSQL: skipped, its figures will be missing"
  fi
fi

say "== Go benchmarks"
go test -run '^$' -bench . -benchmem ./internal/... | grep -E '^(Benchmark|pkg:|FAIL|panic)' || true
say "== load program"
go run ./internal/bench "$@"
