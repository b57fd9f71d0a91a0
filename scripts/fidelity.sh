#!/usr/bin/env bash
# Replays recorded exchanges with the real service against the built binary and
# prints by endpoint how many answers are alike. Fails below the goals.
#
# The recordings are not part of this repository. They are looked for in
# USHER_SHARED, or in the folder "shared" beside it; without them the test is
# skipped. Arguments go to the replay program:
#
#   make fidelity ARGS="--only TestAccResourceOktaUser -v"
set -euo pipefail
# shellcheck source=scripts/lib.sh
. "$(dirname "$0")/lib.sh"
need_go
"$ROOT/scripts/build.sh"
case ${USHER_SHARED:-/} in
/*) ;;
*) USHER_SHARED="$PWD/$USHER_SHARED" ;;
esac
export USHER_SHARED="${USHER_SHARED:-}" USHER_BIN="$ROOT/bin/usher" USHER_FIDELITY_ARGS="$*"
cd "$ROOT/compat"
exec go test -count=1 -v ./fidelity
