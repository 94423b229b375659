#!/usr/bin/env bash
# Runs the contract tests against the bytecode that ships; `contracts-test.sh ci` uses the long fuzz and invariant profile.
# Further arguments go to forge.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/contracts-env.sh"
cd "$USANCE_ROOT"
"$FORGE" build contracts/src --quiet
profile=test
if [ "${1:-}" = ci ]; then
    profile=ci
    shift
fi
FOUNDRY_PROFILE="$profile" "$FORGE" test "$@"
