#!/usr/bin/env bash
# Makes one piece that the tests need available, installing it where it can.
#
#   scripts/setup.sh lint|race|curl|postgres|browser|node
#
# Exits 0 when the piece is here, otherwise 1 with the reason on stderr.
set -uo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"

# The linter is built from source, pinned by tools/go.mod and kept by version.
# It takes minutes once, so it leaves the processor to others.
setup_lint() {
  local version bin started=$SECONDS
  version=$(lint_version)
  bin="$TOOLS/golangci-lint-$version"
  [ -x "$bin" ] && return 0
  need_go
  say "building golangci-lint $version (once, some minutes)"
  mkdir -p "$TOOLS"
  (cd "$ROOT/tools" && nice -n 15 go build -ldflags "-s -w -X main.version=$version" \
    -o "$bin.new.$$" github.com/golangci/golangci-lint/v2/cmd/golangci-lint) || return 1
  mv "$bin.new.$$" "$bin"
  say "built golangci-lint in $((SECONDS - started)) s"
}

# The race detector links a C library.
setup_race() {
  have "${CC:-cc}" || have gcc && return 0
  say "installing a C compiler for the race detector"
  apt_install gcc libc6-dev
}

# The README's commands are pasted in a test.
setup_curl() {
  have curl && return 0
  say "installing curl"
  apt_install curl ca-certificates && have curl && return 0
  warn "curl is not here"
  return 1
}

setup_postgres() {
  [ -n "${USHER_TEST_POSTGRES:-}" ] && return 0
  postgres_bin >/dev/null && return 0
  say "installing PostgreSQL"
  apt_install postgresql && postgres_bin >/dev/null && return 0
  warn "PostgreSQL 15 or newer is not here"
  return 1
}

setup_browser() {
  chromium_bin >/dev/null && return 0
  say "installing Chromium"
  apt_install chromium fonts-dejavu-core && chromium_bin >/dev/null && return 0
  warn "Chromium is not here"
  return 1
}

# node_modules is current when it is newer than the lock file. The packages'
# own install scripts are not run: none of them is needed.
setup_node() {
  need_node || return 1
  local mark="$ROOT/compat/node_modules/.package-lock.json"
  [ -e "$mark" ] && [ ! "$ROOT/compat/package-lock.json" -nt "$mark" ] && return 0
  say "installing the JavaScript clients"
  (cd "$ROOT/compat" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
}

case "${1:-}" in
  lint | race | curl | postgres | browser | node) "setup_$1" ;;
  *) warn "usage: scripts/setup.sh lint|race|curl|postgres|browser|node"; exit 2 ;;
esac
