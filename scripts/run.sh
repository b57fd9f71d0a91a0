#!/usr/bin/env bash
# Builds what is needed and starts a development server. Arguments go to
# `usher dev`; see `bin/usher dev --help`.
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
cd "$ROOT"
"$ROOT/scripts/build.sh"
exec bin/usher dev "$@"
