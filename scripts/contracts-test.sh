#!/usr/bin/env bash
# Runs the contract tests; `contracts-test.sh ci` uses the long fuzz and invariant profile. Further arguments go to forge.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/contracts-env.sh"
cd "$USANCE_ROOT"
if [ "${1:-}" = ci ]; then
    export FOUNDRY_PROFILE=ci
    shift
fi
"$FORGE" test "$@"
