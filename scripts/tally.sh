# shellcheck shell=bash
# Sourced by the scripts that run tests: counts what passed, failed and was
# skipped, in a file that scripts share (TALLY), and prints the last line.
#
# The script that makes the file also prints the summary; one that it calls
# only adds to it. Lines are "SUITE PASSED FAILED SKIPPED".

# tally_begin makes the file unless a calling script has, and says so by 0 or 1.
tally_begin() {
  [ -z "${TALLY:-}" ] || return 1
  TALLY=$(mktemp)
  export TALLY
}

tally() { printf '%s %d %d %d\n' "$1" "$2" "$3" "$4" >>"$TALLY"; }

# step NAME COMMAND... runs a check that is right or wrong as a whole.
step() {
  local name=$1 started=$SECONDS
  shift
  say "== $name"
  if "$@"; then
    tally "$name" 1 0 0
    say "$name: passed in $((SECONDS - started)) s"
  else
    tally "$name" 0 1 0
    say "$name: FAILED after $((SECONDS - started)) s"
    return 1
  fi
}

# missing NAME REASON counts what cannot run here: skipped on a desk, failed in
# continuous integration.
missing() {
  if in_ci; then
    tally "$1" 0 1 0
    say "$1: FAILED, a piece is missing: $2"
  else
    tally "$1" 0 0 1
    say "$1: skipped, $2"
  fi
}

# need NAME PIECE makes a piece available for the suite NAME, saying what it
# does, or counts the suite as missing.
need() {
  local said status
  said=$(mktemp)
  "$ROOT/scripts/setup.sh" "$2" 2>&1 | tee "$said"
  status=${PIPESTATUS[0]}
  [ "$status" -eq 0 ] || missing "$1" "$(tail -n 1 "$said")"
  rm -f "$said"
  return "$status"
}

# go_suite NAME DIR ARGUMENTS... runs go test in a folder and counts its tests.
go_suite() {
  local name=$1 dir=$2
  shift 2
  say "== $name"
  (cd "$ROOT/tools" && go build -o "$TOOLS/testreport" ./testreport) || { tally "$name" 0 1 0; return 1; }
  # What the go command says outside its events joins them and is passed on.
  (cd "$dir" && go test -json "$@" 2>&1) | "$TOOLS/testreport" -suite "$name" -counts "$TALLY"
  local codes=("${PIPESTATUS[@]}")
  if [ "${codes[0]}" -ne 0 ] && [ "${codes[1]}" -eq 0 ]; then
    say "$name: go test failed, though no test of it did"
    tally "$name" 0 1 0
  fi
  [ "${codes[0]}" -eq 0 ]
}

# node_suite NAME FILES... runs node's test runner in compat/, a file for each
# core at a time, and counts its tests.
node_suite() {
  local name=$1 tap status=0
  shift
  say "== $name"
  tap=$(mktemp)
  (cd "$ROOT/compat" && node --test --test-concurrency="$(nproc)" --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=tap --test-reporter-destination="$tap" "$@") || status=$?
  # The runner's closing lines are comments: "# pass 3". A hook that fails (a
  # server that does not stop) is in none of them, only in the exit status.
  awk -v suite="$name" -v status="$status" '
    /^# (pass|fail|cancelled|skipped|todo) [0-9]+$/ { n[$2] = $3 }
    END {
      failed = n["fail"] + n["cancelled"]
      if (failed == 0 && (status != 0 || n["pass"] + n["skipped"] + n["todo"] == 0)) failed = 1
      print suite, n["pass"] + 0, failed + 0, n["skipped"] + n["todo"] + 0
    }' "$tap" >>"$TALLY"
  rm -f "$tap"
  return "$status"
}

# tally_end prints the table and the closing line, and fails if anything did.
tally_end() {
  say ""
  awk '
    { p += $2; f += $3; s += $4; printf "  %-22s %5d passed %4d failed %4d skipped\n", $1, $2, $3, $4 }
    END {
      if (NR == 0) f = 1
      printf "%d passed, %d failed, %d skipped\n", p, f, s
      exit f > 0
    }' "$TALLY"
  local result=$?
  rm -f "$TALLY"
  return "$result"
}
