#!/usr/bin/env bash
# Runs the official clients and a browser against the built binary.
#
#   scripts/compat.sh [sdk] [authjs] [browser] [oauth]     all of them by default
#
# compat/README.md says what each proves.
set -uo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=scripts/tally.sh
. "$(dirname "$0")/tally.sh"
need_go
mine=no
tally_begin && mine=yes

# What needs a browser runs with the part oauth.
sdk() { go_suite compat-sdk "$ROOT/compat" -vet=off -count=1 -timeout 5m -skip '^TestChromium$' ./...; }

authjs() {
  need compat-authjs node || return 1
  node_suite compat-authjs authjs/*.test.mjs
}

browser() {
  need browser node && need browser browser || return 1
  USHER_CHROMIUM=$(chromium_bin) USHER_ARTIFACTS="$ROOT/artifacts" node_suite browser browser/*.test.mjs
}

oauth() {
  need compat-oauth node && need compat-oauth browser || return 1
  USHER_CHROMIUM=$(chromium_bin) node_suite compat-oauth oauth/*.test.mjs
  USHER_CHROMIUM=$(chromium_bin) go_suite compat-gooidc "$ROOT/compat" -vet=off -count=1 -timeout 5m -run TestChromium ./gooidc
}

if "$ROOT/scripts/build.sh"; then
  export USHER_BIN="$ROOT/bin/usher"
  cd "$ROOT/compat" || exit 1 # so that the patterns above name files there
  for part in "${@:-sdk authjs browser oauth}"; do
    for one in $part; do "$one"; done
  done
else
  say "compat: FAILED, bin/usher does not build"
  tally compat-build 0 1 0
fi
[ "$mine" = no ] || tally_end
