#!/usr/bin/env bash
# Runs everything there is to run: vet, generated files, lint, unit tests with
# race detection on SQLite and PostgreSQL, the official clients, the browser.
#
# What is missing is installed where that is possible. What still cannot run is
# named and counted as skipped; with CI=true it is counted as failed. The last
# line is "N passed, N failed, N skipped".
set -uo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/tally.sh
. "$(dirname "$0")/tally.sh"
need_go
cd "$ROOT" || exit 1
tally_begin

work=$(mktemp -d)
chmod 755 "$work" # the database's user has to pass through
fetch=
cleanup() {
  [ -z "$fetch" ] || kill "$fetch" 2>/dev/null
  "$ROOT/scripts/postgres.sh" stop "$work/pg"
  rm -rf "$work" "$TALLY"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# PostgreSQL first: the unit tests need it. The browser and the JavaScript
# clients arrive while those run; compat.sh looks for them itself.
postgres() {
  [ -z "${USHER_TEST_POSTGRES:-}" ] || return 0
  need postgres postgres || return 1
  USHER_TEST_POSTGRES=$("$ROOT/scripts/postgres.sh" start "$work/pg") || { missing postgres "the server did not start"; return 1; }
  export USHER_TEST_POSTGRES
}

# SQLite's C code, translated to Go, is left out of race instrumentation: no
# memory of ours is in it, its own is outside the collector's arena where the
# detector does not look, and with it the tests take three times as long.
norace=(-gcflags='modernc.org/sqlite/lib=-race=false' -gcflags='modernc.org/libc=-race=false')

unit() {
  local race=()
  if need race race; then
    race=(-race "${norace[@]}")
    export CGO_ENABLED=1
  fi
  # One package more than cores: some wait for processes and for the disk. The
  # longest that does one thing after the other begins first.
  go_suite unit "$ROOT" "${race[@]}" -vet=off -timeout 10m -p "$(($(nproc) + 1))" ./internal/server ./...
}

say "== setting up"
postgres
need curl curl
{ "$ROOT/scripts/setup.sh" browser; "$ROOT/scripts/setup.sh" node; } >"$work/fetch.log" 2>&1 &
fetch=$!

step vet go vet ./...
step verify "$ROOT/scripts/verify.sh"
if need lint lint; then
  step lint "$ROOT/scripts/lint.sh"
fi
# The tests note which operations answered them well; the last one finds those
# that none has seen.
export USHER_EXERCISED="$work/exercised"
(unit)
step exercised env USHER_EXERCISED_BY_ALL="$USHER_EXERCISED" go test -vet=off -count=1 -run '^TestEveryBuiltOperationIsExercised$' ./internal/server
unset USHER_EXERCISED
go_suite tools "$ROOT/tools" -vet=off ./...

kill -0 "$fetch" 2>/dev/null && say "== waiting for the browser and the JavaScript clients"
wait "$fetch"
fetch=
"$ROOT/scripts/compat.sh"

say ""
say "took $((SECONDS / 60)) min $((SECONDS % 60)) s"
tally_end
