#!/usr/bin/env bash
# Runs the contract tests against the bytecode that ships; `contracts-test.sh ci` has the long fuzz and invariant runs, `deep` those
# for a night. Further arguments go to forge.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/contracts-env.sh"
cd "$USANCE_ROOT"
"$FORGE" build contracts/src --quiet
profile=test
case "${1:-}" in
    ci)
        profile=ci
        shift
        ;;
    deep)
        profile=ci
        export FOUNDRY_FUZZ_RUNS=100000 FOUNDRY_INVARIANT_RUNS=10000 FOUNDRY_INVARIANT_DEPTH=64
        shift
        ;;
esac
FOUNDRY_PROFILE="$profile" "$FORGE" test "$@"
