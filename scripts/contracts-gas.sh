#!/usr/bin/env bash
# Measures gas with real transactions on anvil and writes contracts/gas-report.json; `--check` fails when a figure grew.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/contracts-env.sh"
cd "$USANCE_ROOT"
"$FORGE" build contracts/src --quiet
node scripts/contracts-gas.mjs "$@"
