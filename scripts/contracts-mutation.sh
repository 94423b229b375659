#!/usr/bin/env bash
# Runs the tests against mutants of the contracts, see contracts/mutation/report.md.
#
#   contracts-mutation.sh LoanMath   the mutants of one source
#   contracts-mutation.sh core       a batch: core, scoring, prices or pool
#   contracts-mutation.sh            all of them and the report
#   contracts-mutation.sh --report   the report from the results so far
#
# A build with mutants takes some minutes (three for the core alone on an idle processor), after that a mutant takes one to three
# seconds: LoanMath about five minutes, everything about an hour and a half on two cores.
# Results are kept in target/mutation: what was killed is not run again until its function changes, survivors are.
# MUTATION_WORKERS is how many tests run at a time (2), MUTATION_FUZZ_RUNS how often each fuzz test runs (32), MUTATION_SAMPLE which
# percentage of the mutants is run (100); which ones depends on their names alone.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/contracts-env.sh"
cd "$USANCE_ROOT"
if [ "${1:-}" != --report ]; then
    "$FORGE" build contracts/src --quiet
fi
exec node --stack-size=4000 scripts/contracts-mutation.mjs "$@"
