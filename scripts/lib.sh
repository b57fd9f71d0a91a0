# shellcheck shell=bash
# Sourced by the other scripts: where the project is, how they speak, and how
# they install what is missing. It runs nothing by being sourced.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
TOOLS="$ROOT/.tools"
export ROOT TOOLS

# The product has no cgo. Saying so everywhere, and building with the same flags
# everywhere, lets vet, lint, tests and the binary share one build cache; only
# the race detector needs cgo and a cache of its own.
export CGO_ENABLED=0

# The version of golangci-lint comes from tools/go.mod, so that it is written once.
lint_version() {
  awk '$1 == "github.com/golangci/golangci-lint/v2" { sub(/^v/, "", $2); print $2; exit }' "$ROOT/tools/go.mod"
}

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }
in_ci() { [ "${CI:-}" = true ]; }

# apt_install PACKAGE... installs Debian packages, when this user may. The list
# of packages is refreshed once a day at most.
apt_install() {
  have apt-get || { warn "apt-get is not here"; return 1; }
  [ "$(id -u)" -eq 0 ] || { warn "not root: run 'apt-get install $*' yourself"; return 1; }
  export DEBIAN_FRONTEND=noninteractive
  local wait=(-o DPkg::Lock::Timeout=300) log
  log=$(mktemp)
  if [ -z "$(find /var/lib/apt/lists -maxdepth 1 -name '*Packages*' -mtime -1 2>/dev/null | head -n 1)" ]; then
    apt-get "${wait[@]}" update >"$log" 2>&1 || warn "apt-get update failed; trying with the old list"
  fi
  if ! apt-get "${wait[@]}" install -y --no-install-recommends "$@" >"$log" 2>&1; then
    # A list that is older than the archive names files that are gone: refresh and try once more.
    apt-get "${wait[@]}" update >"$log" 2>&1
    if ! apt-get "${wait[@]}" install -y --no-install-recommends "$@" >"$log" 2>&1; then
      tail -n 5 "$log" >&2
      rm -f "$log"
      return 1
    fi
  fi
  rm -f "$log"
}

# postgres_bin prints the folder of PostgreSQL's programs, 15 or newer.
postgres_bin() {
  local dir candidates=()
  [ -n "${USHER_POSTGRES_BIN:-}" ] && candidates+=("$USHER_POSTGRES_BIN")
  have postgres && candidates+=("$(dirname "$(readlink -f "$(command -v postgres)")")")
  have pg_config && candidates+=("$(pg_config --bindir)")
  while IFS= read -r dir; do candidates+=("$dir"); done < <(
    find /usr/lib/postgresql /usr/pgsql-* /usr/local/opt/postgresql* /opt/homebrew/opt/postgresql* \
      -maxdepth 2 -type d -name bin 2>/dev/null | sort -rV)
  for dir in "${candidates[@]}"; do
    if [ ! -x "$dir/initdb" ] || [ ! -x "$dir/pg_ctl" ] || [ ! -x "$dir/postgres" ]; then continue; fi
    [ "$("$dir/postgres" --version | grep -oE '[0-9]+' | head -n 1)" -ge 15 ] || continue
    printf '%s\n' "$dir"
    return 0
  done
  return 1
}

# chromium_bin prints the browser that the page tests drive.
chromium_bin() {
  local name
  if [ -n "${USHER_CHROMIUM:-}" ]; then
    [ -x "$USHER_CHROMIUM" ] && printf '%s\n' "$USHER_CHROMIUM"
    return
  fi
  for name in chromium chromium-browser google-chrome; do
    have "$name" && { command -v "$name"; return 0; }
  done
  return 1
}

# need_go stops the script unless a Go toolchain new enough for go.mod is here.
need_go() {
  if ! have go; then
    warn "Go is needed ($(awk '$1 == "go" { print $2 }' "$ROOT/go.mod") or newer) and not on the PATH."
    exit 1
  fi
  (cd "$ROOT" && go env GOMOD >/dev/null) || exit 1
}

# need_node says why the JavaScript clients cannot run, if so.
need_node() {
  if ! have node || ! have npm; then warn "Node.js 20 or newer with npm is not on the PATH"; return 1; fi
  [ "$(node -p 'parseInt(process.versions.node)')" -ge 20 ] || { warn "Node.js $(node --version) is older than 20"; return 1; }
}
