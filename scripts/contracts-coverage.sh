#!/usr/bin/env bash
# Measures which lines, branches and conditions of contracts/src the tests run; fails below all of them, see
# scripts/contracts-coverage.mjs. Takes one to two minutes, nearly all of it in the compiler. Further arguments go to forge.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/contracts-env.sh"
cd "$USANCE_ROOT"
folder=target/coverage
node scripts/contracts-coverage.mjs prepare "$folder"
echo "coverage: compiling without optimization, then running every test with tracing; see $folder/forge.log"
# No folder of artifacts: tests deploy from the build that is measured.
if ! (cd "$folder" && USANCE_ARTIFACTS='' FOUNDRY_PROFILE=coverage "$FORGE" coverage --exclude-tests --fuzz-seed 1 \
    --report lcov --report-file lcov.info "$@" >forge.log 2>&1); then
    grep -E '^(\[FAIL|Error|error)' "$folder/forge.log" | sort -u >&2 || true
    echo "coverage: forge failed, see $folder/forge.log" >&2
    exit 1
fi
grep -E '^Ran [0-9]+ test suites' "$folder/forge.log"
node scripts/contracts-coverage.mjs report "$folder/lcov.info"
