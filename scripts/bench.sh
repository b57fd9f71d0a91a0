#!/usr/bin/env bash
# Measures. First the Go benchmarks, then the load program in internal/bench,
# which prints one table with each figure beside its ceiling, for both
# databases. docs/performance.md tells how to read it.
#
# PostgreSQL is a throw-away one that syncs to disk, on the server's core,
# unless USHER_BENCH_POSTGRES names another. Arguments go to the load program:
#
#   make bench ARGS="-engine sqlite -only get,signin"
#   make bench ARGS="-profile artifacts/profiles"
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
need_go
cd "$ROOT"
"$ROOT/scripts/build.sh"
export USHER_BIN="$ROOT/bin/usher"

work=$(mktemp -d)
chmod 755 "$work"
trap '"$ROOT/scripts/postgres.sh" stop "$work/pg" || true; rm -rf "$work"' EXIT

# The same core as the server: see serverCore in internal/bench.
pin=()
have taskset && [ "$(nproc)" -ge 2 ] && pin=(taskset -c 0)

url=${USHER_BENCH_POSTGRES:-}
if [ -z "$url" ]; then
  if "$ROOT/scripts/setup.sh" postgres; then
    url=$(USHER_POSTGRES_SYNC=on "${pin[@]}" "$ROOT/scripts/postgres.sh" start "$work/pg") || url=
  fi
  [ -n "$url" ] || say "PostgreSQL: skipped, its figures will be missing"
fi
export USHER_TEST_POSTGRES=$url

say "== Go benchmarks"
go test -run '^$' -bench . -benchmem ./internal/... ./openapi/... | grep -E '^(Benchmark|pkg:|FAIL|panic)' || true
say "== load program"
go run ./internal/bench "$@"
